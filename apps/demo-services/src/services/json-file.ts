import { readFile } from 'node:fs/promises'

export type JsonObject = Readonly<Record<string, unknown>>

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Reads a file that contains a JSON object. @throws when the file does not exist or contains something else */
export async function readJsonFile(file: URL): Promise<JsonObject> {
  const content: unknown = JSON.parse(await readFile(file, 'utf8'))
  if (!isJsonObject(content)) throw new TypeError(`${file.pathname} does not contain a JSON object`)
  return content
}

/** Whether {@link readJsonFile} would succeed. */
export async function isReadableJsonFile(file: URL): Promise<boolean> {
  return readJsonFile(file).then(
    () => true,
    () => false,
  )
}
