import { readJsonFile } from './json-file.ts'
import type { JsonObject } from './json-file.ts'

export interface ConfigService {
  getConfig(): Promise<JsonObject>
}

/** The configuration in a file as it is now; a new instance sees later changes. */
export async function openConfigService(file: URL): Promise<ConfigService> {
  const config = await readJsonFile(file)
  return { getConfig: async () => config }
}
