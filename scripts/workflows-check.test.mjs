import { expect, onTestFinished, test } from 'vitest'
import { temporaryWorkspace } from './temporary-workspace.mjs'
import { run } from './workspace.mjs'

const DIGEST = '3d3c42e5aac5ba805825da76410c181273ba90b1'
const workflow = (...steps) =>
  ['on: push', 'jobs:', '  one:', '    runs-on: ubuntu-latest', '    steps:', ...steps, ''].join('\n')

function check(text) {
  const { directory, remove } = temporaryWorkspace({
    copied: ['scripts/workflows-check.mjs', 'scripts/workspace.mjs'],
    written: {
      '.github/workflows/one.yml': text,
      'packages/a/package.json': '{ "name": "a" }',
      'apps/b/package.json': '{ "name": "b" }',
    },
  })
  onTestFinished(remove)
  return run(process.execPath, ['scripts/workflows-check.mjs'], { cwd: directory })
}

test('an action at the digest of a commit, with its version, passes', () => {
  const { ok, output } = check(workflow(`      - uses: actions/checkout@${DIGEST} # v7.0.1`))
  expect(output).toContain('1 are right')
  expect(ok).toBe(true)
})

test.each([
  ['a tag', '      - uses: actions/checkout@v7'],
  ['a branch', '      - uses: owner/name/folder@main # v1'],
  ['a short digest', `      - uses: actions/checkout@${DIGEST.slice(0, 12)} # v7.0.1`],
  ['a digest without its version', `      - uses: actions/checkout@${DIGEST}`],
  ['a tag in quotes', `      - name: a\n        'uses': 'actions/checkout@v7'`],
  ['a tag in braces', '      - { uses: actions/checkout@v7 }'],
  ['a tag of an image', '      - uses: docker://alpine:3'],
])('%s fails with its line', (_, step) => {
  const { ok, output } = check(workflow(step))
  expect(output).toMatch(/one\.yml:[67] pin /)
  expect(ok).toBe(false)
})

test('what actionlint finds fails with its place', () => {
  const { ok, output } = check(workflow('      - run: echo ${{ githb.ref }}'))
  expect(output).toContain('.github/workflows/one.yml:6:23 undefined variable "githb"')
  expect(ok).toBe(false)
})

test('a workflow that is no YAML fails', () => {
  expect(check('on: [push\njobs: {').ok).toBe(false)
})
