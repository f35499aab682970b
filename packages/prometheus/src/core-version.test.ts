import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { coreVersion } from './core-version.ts'

test('the version is that of the core that is installed', () => {
  const manifest = createRequire(import.meta.url)('@svcproxy/core/package.json') as { version: string }
  expect(manifest.version).toMatch(/^\d+\.\d+\.\d+/)
  expect(coreVersion()).toBe(manifest.version)
})

test('where there is no manifest of core, as in a bundle, the version is unknown', () => {
  const missing = () => {
    throw new Error('Cannot find module')
  }
  expect(coreVersion(missing)).toBe('unknown')
  expect(coreVersion(() => ({}))).toBe('unknown')
  expect(coreVersion(() => undefined)).toBe('unknown')
})
