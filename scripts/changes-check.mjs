// Fails when a public package changed and no changeset says so, or when its API changed (api/*.api.md) and no changeset
// calls that minor or major. `startOfChanges` decides since when.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { publicPackages, readJson, report, root, run } from './workspace.mjs'

const start = startOfChanges()
report('Changesets', start.problems ?? check(start), `what changed since ${start.name} is declared`)

function check({ commit, name }) {
  const changesets = readChangesets(commit)
  return [
    ...changesets.flatMap(unknownNames),
    ...publicPackages.flatMap((entry) => [
      ...undeclaredChange(entry, changesets, { commit, name }),
      ...undeclaredApi(entry, changesets, { commit, name }),
    ]),
  ]
}

/**
 * The commit since which changes must be declared, and what to call it:
 * - Before the first release (every version is 0.0.0) no commit: each package is new, and a changeset must name it.
 * - On a branch that is ahead of the default branch: the commit where it left that branch. Only its own changesets count.
 * - On the default branch, and where that is unknown: the last release, the newest commit that changed a version. Also on
 *   the branch that releases, which has used the changesets up.
 */
function startOfChanges() {
  if (publicPackages.every(({ manifest }) => manifest.version === '0.0.0')) {
    return { commit: undefined, name: 'the beginning (nothing is released yet)' }
  }
  const release = lastRelease()
  if (release === undefined) {
    const advice = 'Fetch all of it: "git fetch --unshallow", or "fetch-depth: 0" of actions/checkout.'
    return { name: '', problems: [`The last release is not in the history of this clone. ${advice}`] }
  }
  const fork = forkPoint()
  return fork === undefined || (fork !== release && isAncestor(fork, release))
    ? { commit: release, name: `the last release (${release.slice(0, 8)})` }
    : { commit: fork, name: `this branch left the default branch (${fork.slice(0, 8)})` }
}

/** The newest commit that changed a version; undefined when the history of this clone has none. */
function lastRelease() {
  const manifests = ':(glob)packages/*/package.json'
  const version = (object) => JSON.parse(git('show', object)).version
  return git('log', '--format=%H', '--diff-filter=M', '-G', '^ *"version":', '--', manifests)
    .split('\n')
    .filter((commit) => commit !== '')
    .find((commit) =>
      git('diff', '--name-only', '--diff-filter=M', `${commit}^`, commit, '--', manifests)
        .split('\n')
        .filter((file) => file !== '')
        .some((file) => version(`${commit}^:${file}`) !== version(`${commit}:${file}`)),
    )
}

/** Where this branch left the default branch; undefined when it is not ahead of it, or when that is unknown. */
function forkPoint() {
  const { baseBranch } = readJson(join(root, '.changeset/config.json'))
  const head = git('rev-parse', 'HEAD').trim()
  return [`origin/${baseBranch}`, baseBranch]
    .filter((branch) => run('git', ['merge-base', 'HEAD', branch]).ok)
    .map((branch) => git('merge-base', 'HEAD', branch).trim())
    .find((commit) => commit !== head)
}

function isAncestor(commit, of) {
  return run('git', ['merge-base', '--is-ancestor', commit, of]).ok
}

/** The changesets that are new or changed since the commit: their file, and what they say of which package. */
function readChangesets(commit) {
  return changedFiles('.changeset', commit)
    .filter((file) => /^\.changeset\/(?!README)[^/]+\.md$/.test(file) && existsSync(join(root, file)))
    .map((file) => ({ file, bumps: bumpsOf(readFileSync(join(root, file), 'utf8')) }))
}

function bumpsOf(text) {
  const [, head = ''] = /^---\r?\n(.*?)^---/ms.exec(text) ?? []
  return new Map([...head.matchAll(/^\s*['"]?([^'":]+)['"]?\s*:\s*(\w+)/gm)].map(([, name, bump]) => [name, bump]))
}

function unknownNames({ bumps, file }) {
  const names = publicPackages.map(({ name }) => name)
  return [...bumps.keys()]
    .filter((name) => !names.includes(name))
    .map((name) => `${file} names ${name}, which is no public package.`)
}

function undeclaredChange({ folder, name }, changesets, since) {
  const files = changedFiles(folder, since.commit).filter((file) =>
    isPublished(file.slice(folder.length + 1), file, since),
  )
  const isDeclared = changesets.some(({ bumps }) => bumps.has(name))
  if (files.length === 0 || isDeclared || isExcused(files, changesets, since)) return []
  const shown = files.slice(0, 5).map((file) => `  ${file}`)
  if (files.length > shown.length) shown.push(`  and ${files.length - shown.length} more`)
  return [
    [
      `${name} changed since ${since.name}, and no changeset says so:`,
      ...shown,
      'Run "npm run changeset". If users notice nothing, run "npm run changeset -- --empty": an empty changeset excuses',
      'what changed before it, and nothing after it.',
    ].join('\n'),
  ]
}

/** Whether a published package is made of this file. Its documentation goes out with the next release. */
function isPublished(path, file, { commit }) {
  if (path === 'package.json') return publishedFields(textAt(commit, file)) !== publishedFields(textNow(file))
  return /^(src|page)\//.test(path) && !/\.test\.tsx?$/.test(path)
}

function publishedFields(manifest) {
  if (manifest === '') return ''
  const { devDependencies: _dev, scripts: _scripts, version: _version, ...published } = JSON.parse(manifest)
  return JSON.stringify(published)
}

/**
 * Whether an empty changeset was committed together with the last change of these files, or after it. The first release
 * has no such way out: it describes each package.
 */
function isExcused(files, changesets, { commit }) {
  if (commit === undefined) return false
  return changesets
    .filter(({ bumps }) => bumps.size === 0)
    .some(({ file }) => {
      const added = git('log', '-1', '--first-parent', '-m', '--diff-filter=A', '--format=%H', '--', file).trim()
      return added === '' || changedFiles('.', added).every((later) => !files.includes(later))
    })
}

function undeclaredApi({ name }, changesets, since) {
  if (since.commit === undefined) return []
  const reports = changedFiles('api', since.commit).filter(
    (file) =>
      `@svcproxy/${file.slice('api/'.length).split('.')[0]}` === name &&
      declarations(textAt(since.commit, file)) !== declarations(textNow(file)),
  )
  const isDeclared = changesets.some(({ bumps }) => ['minor', 'major'].includes(bumps.get(name)))
  if (reports.length === 0 || isDeclared) return []
  return [
    `The API of ${name} changed since ${since.name} (${reports.join(', ')}), and no changeset calls it minor or major.\n` +
      'Run "npm run changeset": minor for what only adds, major for what can break a user. See docs/stability.md.',
  ]
}

/** A report without comments, imports and empty lines. */
function declarations(text) {
  return text
    .split('\n')
    .filter((line) => !/^\s*(\/\/|import |>|#|$)/.test(line))
    .join('\n')
}

/** The files below the folder that differ from the commit, uncommitted ones included; without a commit all files. */
function changedFiles(folder, commit) {
  const tracked = commit === undefined ? ['ls-files', '-z'] : ['diff', '--name-only', '--no-renames', '-z', commit]
  const untracked = git('ls-files', '-z', '--others', '--exclude-standard', '--', folder)
  return `${git(...tracked, '--', folder)}${untracked}`.split('\0').filter((file) => file !== '')
}

/** The text of a file in a commit; empty where it is not. */
function textAt(commit, file) {
  const object = `${commit}:${file}`
  return run('git', ['cat-file', '-e', object]).ok ? git('show', object) : ''
}

function textNow(file) {
  return existsSync(join(root, file)) ? readFileSync(join(root, file), 'utf8') : ''
}

function git(...args) {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
}
