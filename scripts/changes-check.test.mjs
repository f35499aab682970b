import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryWorkspace } from './temporary-workspace.mjs'
import { run } from './workspace.mjs'

const SOURCE = 'packages/a/src/index.ts'
const manifest = (name, version, more = {}) => JSON.stringify({ name: `@svcproxy/${name}`, version, ...more }, null, 2)
const changeset = (...lines) => ['---', ...lines, '---', '', 'What users see.', ''].join('\n')
const api = (...declarations) => ['## API Report File', '```ts', ...declarations, '```', ''].join('\n')
const initial = (version) => ({
  'packages/a/package.json': manifest('a', version),
  [SOURCE]: 'export const one = 1',
  'packages/b/package.json': manifest('b', version),
  'packages/b/src/index.ts': 'export const two = 2',
  'apps/c/package.json': manifest('c', version, { private: true }),
  'apps/c/src/index.ts': 'export const three = 3',
  'api/a.api.md': api('// @public', 'export const one = 1;'),
})

/** A repository whose packages are not released yet. */
function unreleased(files = {}) {
  const { directory, remove } = temporaryWorkspace({
    copied: ['scripts/changes-check.mjs', 'scripts/workspace.mjs', '.changeset/config.json'],
    written: { ...initial('0.0.0'), '.gitignore': 'node_modules\n', ...files },
  })
  onTestFinished(remove)
  const git = (...args) => {
    const { ok, output } = run('git', ['-c', 'user.name=a', '-c', 'user.email=a@b.c', ...args], { cwd: directory })
    if (!ok) throw new Error(output)
  }
  const write = (changed) => {
    for (const [file, text] of Object.entries(changed)) {
      mkdirSync(dirname(join(directory, file)), { recursive: true })
      writeFileSync(join(directory, file), text)
    }
  }
  const commit = (changed) => {
    write(changed)
    git('add', '--all')
    git('commit', '--quiet', '--message', 'a change')
  }
  git('init', '--quiet', '--initial-branch', 'main')
  commit({})
  return { directory, git, write, commit, check: (cwd = directory) => checkIn(cwd) }
}

const checkIn = (cwd) => run(process.execPath, ['scripts/changes-check.mjs'], { cwd })

/** A repository after a release, on a branch that has left main. */
function onBranch() {
  const repository = released()
  repository.git('switch', '--quiet', '--create', 'feature')
  return repository
}

function released() {
  const repository = unreleased({ '.changeset/first.md': changeset("'@svcproxy/a': minor", "'@svcproxy/b': minor") })
  rmSync(join(repository.directory, '.changeset/first.md'))
  repository.commit(initial('1.0.0'))
  return repository
}

test('a public package that changes without a changeset fails, with its name and its files', () => {
  const { check, commit } = onBranch()
  commit({ [SOURCE]: 'export const one = 11' })
  const { ok, output } = check()
  expect(output).toContain('@svcproxy/a changed since this branch left the default branch')
  expect(output).toContain(SOURCE)
  expect(output).not.toContain('@svcproxy/b')
  expect(ok).toBe(false)
})

test('a change that is not committed yet counts', () => {
  const { check, write } = onBranch()
  write({ 'packages/a/src/new.ts': 'export const four = 4' })
  expect(check().output).toContain('packages/a/src/new.ts')
})

test('a changeset that names the package declares its change; one that names another does not', () => {
  const { check, commit } = onBranch()
  commit({ [SOURCE]: 'export const one = 11', '.changeset/b.md': changeset("'@svcproxy/b': patch") })
  expect(check().ok).toBe(false)
  commit({ '.changeset/a.md': changeset('"@svcproxy/a": patch') })
  expect(check().output).toContain('is declared')
})

test('a changeset that was on the default branch before says nothing of this branch', () => {
  const { check, commit, git } = released()
  commit({ [SOURCE]: 'export const one = 11', '.changeset/a.md': changeset("'@svcproxy/a': patch") })
  expect(check().ok).toBe(true)
  git('switch', '--quiet', '--create', 'feature')
  commit({ [SOURCE]: 'export const one = 111' })
  expect(check().ok).toBe(false)
})

test('an empty changeset excuses what changed before it, and nothing after it', () => {
  const { check, commit } = onBranch()
  commit({ [SOURCE]: 'export const one = 1 // the same' })
  commit({ '.changeset/empty.md': changeset() })
  expect(check().output).toContain('is declared')
  commit({ [SOURCE]: 'export const one = 2' })
  expect(check().ok).toBe(false)
})

test('a change of the API fails under a patch and under an empty changeset, and passes as minor', () => {
  const { check, commit } = onBranch()
  const changed = { [SOURCE]: 'export const one = 11', 'api/a.api.md': api('// @public', 'export const one = 11;') }
  commit({ ...changed, '.changeset/a.md': changeset("'@svcproxy/a': patch") })
  const { ok, output } = check()
  expect(output).toContain('The API of @svcproxy/a changed')
  expect(output).toContain('api/a.api.md')
  expect(ok).toBe(false)
  commit({ '.changeset/a.md': changeset() })
  expect(check().ok).toBe(false)
  commit({ '.changeset/a.md': changeset("'@svcproxy/a': minor") })
  expect(check().output).toContain('is declared')
})

test('a report that differs in comments only is no change of the API', () => {
  const { check, commit } = onBranch()
  commit({ 'api/a.api.md': api('// @public (undocumented)', '', 'export const one = 1;') })
  expect(check().output).toContain('is declared')
})

test.each([
  ['a test', { 'packages/a/src/index.test.ts': '' }],
  ['documentation', { 'packages/a/README.md': '# a' }],
  ['a private package', { 'apps/c/src/index.ts': 'export const three = 33' }],
  ['a development dependency', { 'packages/a/package.json': manifest('a', '1.0.0', { devDependencies: { d: '1' } }) }],
])('%s needs no changeset', (_, changed) => {
  const { check, commit } = onBranch()
  commit(changed)
  expect(check().output).toContain('is declared')
})

test('a change of what package.json promises needs a changeset', () => {
  const { check, commit } = onBranch()
  commit({ 'packages/a/package.json': manifest('a', '1.0.0', { engines: { node: '>=22' } }) })
  expect(check().output).toContain('packages/a/package.json')
})

test('the branch that releases has used its changesets up, and passes', () => {
  const { check, commit, directory, git } = released()
  commit({ [SOURCE]: 'export const one = 11', '.changeset/a.md': changeset("'@svcproxy/a': patch") })
  git('switch', '--quiet', '--create', 'release')
  rmSync(join(directory, '.changeset/a.md'))
  commit({ 'packages/a/package.json': manifest('a', '1.0.1') })
  expect(check().output).toContain('since the last release')
  expect(check().ok).toBe(true)
})

test('on the default branch, what changed since the last release is declared by the changesets since then', () => {
  const { check, commit } = released()
  commit({ [SOURCE]: 'export const one = 11' })
  expect(check().output).toContain('@svcproxy/a changed since the last release')
  commit({ '.changeset/a.md': changeset("'@svcproxy/a': patch") })
  expect(check().ok).toBe(true)
})

test('a clone that knows no default branch compares with the last release', () => {
  const { check, commit, git } = onBranch()
  commit({ [SOURCE]: 'export const one = 11' })
  git('branch', '--delete', '--force', 'main')
  expect(check().output).toContain('@svcproxy/a changed since the last release')
})

test('a clone whose history ends before the last release fails, and says what to fetch', () => {
  const { check, commit, directory, git } = released()
  commit({ [SOURCE]: 'export const one = 11' })
  git('clone', '--quiet', '--depth', '1', `file://${directory}`, join(directory, 'clone'))
  const { ok, output } = check(join(directory, 'clone'))
  expect(output).toContain('fetch-depth: 0')
  expect(ok).toBe(false)
})

test('before the first release a changeset must name each public package', () => {
  const { check, commit } = unreleased({ '.changeset/first.md': changeset("'@svcproxy/a': minor") })
  expect(check().output).toContain('@svcproxy/b changed since the beginning')
  commit({ '.changeset/empty.md': changeset() })
  expect(check().ok).toBe(false)
  commit({ '.changeset/b.md': changeset("'@svcproxy/b': minor") })
  expect(check().output).toContain('is declared')
})

test('a changeset that names no public package fails', () => {
  const { check, commit } = onBranch()
  commit({ '.changeset/c.md': changeset("'@svcproxy/c': patch") })
  expect(check().output).toContain('.changeset/c.md names @svcproxy/c, which is no public package.')
})
