import { createRequire } from 'node:module'

/** The version of the installed `@svcproxy/core`; `unknown` in a bundle, which has no package.json files beside it. */
export function coreVersion(load: (path: string) => unknown = createRequire(import.meta.url)): string {
  try {
    const manifest = load('@svcproxy/core/package.json')
    if (typeof manifest !== 'object' || manifest === null || !('version' in manifest)) return 'unknown'
    return String(manifest.version)
  } catch {
    return 'unknown'
  }
}
