import { expect, test } from 'vitest'
import { slugOf } from './slug.ts'

test.each([
  ['Whose fault is it?', 'whose-fault-is-it'],
  ['postgres.js', 'postgresjs'],
  ['core: circuit, cache', 'core-circuit-cache'],
  ['What `bindServices(manager)` returns', 'what-bindservicesmanager-returns'],
  ['a – b', 'a--b'],
])('the anchor of "%s" is that of GitHub', (heading, slug) => {
  expect(slugOf(heading)).toBe(slug)
})
