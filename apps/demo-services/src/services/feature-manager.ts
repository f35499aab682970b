import { NotFoundError } from '../domain-error.ts'
import { isJsonObject, readJsonFile } from './json-file.ts'

interface Feature {
  readonly name: string
  readonly enabled: boolean
  /** `default`: the flags cannot be read, so this is the cautious default. */
  readonly source: 'file' | 'default'
}

export interface FeatureManager {
  /** @throws {@link NotFoundError} */
  getFeature(name: string): Promise<Feature>
}

/** The features that are on when the flags cannot be read. */
const DEFAULT_FEATURES: ReadonlyMap<string, boolean> = new Map([
  ['live_map', true],
  ['remote_unlock', false],
  ['night_mode', false],
])

/** The flags of a file as they are now; a new instance sees later changes. */
export async function openFeatureManager(file: URL): Promise<FeatureManager> {
  const features = new Map<string, boolean>()
  for (const [name, feature] of Object.entries(await readJsonFile(file))) {
    if (!isJsonObject(feature) || typeof feature['enabled'] !== 'boolean') {
      throw new TypeError(`Feature '${name}' in ${file.pathname} does not say whether it is enabled`)
    }
    features.set(name, feature['enabled'])
  }
  return featureManager(features, 'file')
}

/** The fallback when the flags cannot be read. */
export const defaultFeatureManager: FeatureManager = featureManager(DEFAULT_FEATURES, 'default')

function featureManager(features: ReadonlyMap<string, boolean>, source: Feature['source']): FeatureManager {
  return {
    async getFeature(name) {
      const enabled = features.get(name)
      if (enabled === undefined) throw new NotFoundError(`There is no feature '${name}'`)
      return { name, enabled, source }
    },
  }
}
