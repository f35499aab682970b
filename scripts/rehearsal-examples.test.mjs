// That the examples stay what they say they are. Whether they work is tried by the rehearsal of a release.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { examples } from './rehearsal/examples.mjs'
import { publicPackages, readJson, root } from './workspace.mjs'

const textOf = (file) => readFileSync(join(root, file), 'utf8')
/** The major of each third-party package in the workspace, by name. */
const majors = new Map(
  Array.from(textOf('pnpm-workspace.yaml').matchAll(/^ {2}'?([^\s']+)'?: '?[\^~]?(\d+)\./gm), ([, name, major]) => [
    name,
    major,
  ]),
)
// The workspace has the types of the oldest Node of the packages; the examples need one that runs TypeScript.
majors.set('@types/node', '22')
// Only its example needs it.
majors.set('awilix', '13')
for (const { name } of publicPackages) majors.set(name, '1')

test('all examples are listed in their README', () => {
  const listed = Array.from(
    textOf('examples/README.md').matchAll(/\]\(([\w-]+)\/?(?:README\.md)?\)/g),
    ([, name]) => `examples/${name}`,
  )
  expect(listed.toSorted()).toEqual(examples())
})

describe.each(examples())('%s', (folder) => {
  const manifest = readJson(join(root, folder, 'package.json'))

  test('is tried with the majors that the workspace has', () => {
    const found = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })
    const major = (range) => /\d+/.exec(range)?.[0]
    expect(found.map(([name, range]) => [name, major(range)])).toEqual(found.map(([name]) => [name, majors.get(name)]))
  })

  test('depends on nothing in this repository by its path', () => {
    const ranges = Object.values({ ...manifest.dependencies, ...manifest.devDependencies })
    expect(ranges.filter((range) => !/^[\^~]?\d+\.\d+\.\d+/.test(range))).toEqual([])
  })
})
