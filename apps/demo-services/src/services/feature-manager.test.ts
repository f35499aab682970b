import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { NotFoundError } from '../domain-error.ts'
import { openFeatureManager } from './feature-manager.ts'
import { isReadableJsonFile } from './json-file.ts'

let folder: string
let file: URL
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'svcproxy-features-'))
  file = pathToFileURL(join(folder, 'features.json'))
})
afterAll(() => rm(folder, { recursive: true }))

test('a new instance sees what has changed in the file', async () => {
  await writeFile(file, '{"live_map":{"enabled":true}}')
  const before = await openFeatureManager(file)
  await writeFile(file, '{"live_map":{"enabled":false}}')
  const after = await openFeatureManager(file)
  expect(await before.getFeature('live_map')).toEqual({ name: 'live_map', enabled: true, source: 'file' })
  expect(await after.getFeature('live_map')).toEqual({ name: 'live_map', enabled: false, source: 'file' })
})

test.each(['constructor', '__proto__', 'toString'])('%s is no feature', async (name) => {
  await writeFile(file, '{}')
  await expect((await openFeatureManager(file)).getFeature(name)).rejects.toThrow(NotFoundError)
})

test.each(['', '{', '[]', 'null', '{"live_map":true}', '{"live_map":{"enabled":"yes"}}'])(
  'a file with %s is refused',
  async (content) => {
    await writeFile(file, content)
    await expect(openFeatureManager(file)).rejects.toThrow(Error)
  },
)

test('a file is readable when it holds a JSON object', async () => {
  await writeFile(file, '{}')
  expect(await isReadableJsonFile(file)).toBe(true)
  await writeFile(file, '{')
  expect(await isReadableJsonFile(file)).toBe(false)
  await rm(file)
  expect(await isReadableJsonFile(file)).toBe(false)
})
