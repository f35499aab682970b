// Packages made from the templates, in a copy of the workspace: they compile, keep the rules, and say nothing of where they
// come from. That a template keeps its contract is for the template's own tests.
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { KINDS, templateFiles } from './stamp-adapter.mjs'
import { temporaryWorkspace } from './temporary-workspace.mjs'
import { readJson, root, run } from './workspace.mjs'

const TIMEOUT_MS = 60_000 // the compiler and the linter, each over the types of Node

const WORKSPACE = [
  ...['new-adapter', 'stamp-adapter', 'workspace', 'lint-rules'].map((name) => `scripts/${name}.mjs`),
  ...['core', 'http', 'koa', 'testing'].map((name) => `packages/${name}/package.json`),
  ...KINDS.flatMap((kind) => templateFiles(kind).map((file) => `templates/${kind}/${file}`)),
  'package.json',
  'tsconfig.json',
  'tsconfig.base.json',
  'vitest.shared.ts',
  'pnpm-workspace.yaml',
  '.gitignore',
  '.oxfmtrc.json',
  'oxlint.config.ts',
  '.changeset/config.json',
]

function workspace() {
  const { directory, remove } = temporaryWorkspace({ copied: WORKSPACE, written: {} })
  onTestFinished(remove)
  // npm says where it was started, and did so for this test, too.
  const options = { cwd: directory, env: { INIT_CWD: directory } }
  const make = (...args) => run(process.execPath, ['scripts/new-adapter.mjs', ...args], options)
  return { directory, make }
}

/** Where a package can stand alone. */
function elsewhere() {
  const folder = mkdtempSync(join(tmpdir(), 'svcproxy-adapter-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

/** All that is in a folder, but for what is installed: `{ path: text }`. */
function contentsOf(folder, path = '') {
  const entries = readdirSync(join(folder, path), { withFileTypes: true }).filter(({ name }) => name !== 'node_modules')
  const contents = entries.map((entry) => {
    const file = join(path, entry.name)
    return entry.isDirectory() ? contentsOf(folder, file) : { [file]: readFileSync(join(folder, file), 'utf8') }
  })
  return Object.assign({}, ...contents)
}

/** Gives a new package what its template has installed, and compiles it against the sources of this repository. */
function compile(kind, folder) {
  symlinkSync(join(root, 'templates', kind, 'node_modules'), join(folder, 'node_modules'), 'junction')
  return run('tsc', ['-p', folder, '--customConditions', '@svcproxy/source']).output
}

/** The package of a name with two words: what becomes of each of its forms is seen. */
const MADE = {
  binding: { place: 'tiny-web', exported: ['bindServices', 'TinyWebServices', 'TinyWebRequest'] },
  breaker: { place: 'breaker-tiny-web', exported: ['tinyWebBreaker', 'TinyWebBreakerFactory', 'TinyWebCircuit'] },
}

describe.each(Object.entries(MADE))('a %s', (kind, { place, exported }) => {
  test(
    'in this repository compiles, keeps its rules and is known to it',
    () => {
      const { directory, make } = workspace()
      const { ok, output } = make(kind, 'tiny-web')
      expect([ok, output]).toEqual([true, expect.stringContaining('npx pnpm install')])

      const folder = join(directory, 'packages', place)
      const contents = contentsOf(folder)
      expect(Object.keys(contents).join(' ')).toContain('src/index.ts')
      expect(JSON.stringify(contents)).not.toMatch(/template/i)
      for (const name of exported) expect(contents['src/index.ts']).toMatch(new RegExp(`\\b${name}\\b`))
      expect(compile(kind, folder)).toBe('')
      expect(run('oxfmt', ['--check', 'packages', 'tsconfig.json', 'oxlint.config.ts'], { cwd: directory }).ok).toBe(
        true,
      )
      // The only thing wrong is what is put in here: the lint rules know what the package may import.
      writeFileSync(join(folder, 'src/sibling.ts'), `export { bindServices } from '@svcproxy/koa'\n`)
      const linted = run('oxlint', [`packages/${place}`], { cwd: directory }).output
      expect(linted).toContain(`${place} may import`)
      expect(linted).toContain('Found 0 warnings and 1 error')

      const manifest = JSON.parse(contents['package.json'])
      const { repository, publishConfig } = readJson(join(root, 'packages/koa/package.json'))
      expect(manifest).toMatchObject({
        name: `@svcproxy/${place}`,
        version: '0.0.0',
        repository: { ...repository, directory: `packages/${place}` },
        publishConfig,
        peerDependencies: { '@svcproxy/core': expect.stringContaining('workspace:') },
      })
      expect(manifest).not.toHaveProperty('private')
      const { references } = readJson(join(directory, 'tsconfig.json'))
      expect(references).toContainEqual({ path: `packages/${place}/tsconfig.build.json` })
      const changeset = readFileSync(join(directory, `.changeset/${place}.md`), 'utf8')
      expect(changeset).toMatch(new RegExp(`^---\n'@svcproxy/${place}': major\n---\n\n.*TinyWeb\\.\n$`))
    },
    TIMEOUT_MS,
  )

  test(
    'that stands alone compiles, and knows nothing of this repository',
    () => {
      const { make } = workspace()
      const folder = join(elsewhere(), 'svcproxy-tiny-web')
      const { ok, output } = make(kind, 'tiny-web', '--into', folder, '--name', '@acme/svcproxy-tiny-web')
      expect([ok, output]).toEqual([true, expect.stringContaining('npm install && npm test')])

      const contents = contentsOf(folder)
      const all = JSON.stringify(contents)
      expect(all).not.toMatch(/template|workspace:|catalog:|@svcproxy\/source/i)
      // Neither in its configuration nor in the links of its page.
      expect(all).not.toContain('../../')
      const manifest = JSON.parse(contents['package.json'])
      expect(manifest).toMatchObject({
        name: '@acme/svcproxy-tiny-web',
        exports: { '.': { types: './dist/index.d.ts', default: './dist/index.js' } },
        scripts: { test: 'vitest run' },
        peerDependencies: { '@svcproxy/core': '^1.0.0' },
      })
      const { dependencies, devDependencies, peerDependencies } = manifest
      const ranges = Object.values({ ...dependencies, ...devDependencies, ...peerDependencies })
      expect(ranges.filter((range) => !/^\^?\d+\.\d+/.test(range))).toEqual([])
      expect(compile(kind, folder)).toBe('')
    },
    TIMEOUT_MS,
  )
})

test.each([
  ['another kind', ['framework', 'fastify'], 'there is no template "framework"'],
  ['no kind', [], 'there is no template ""'],
  ['no name', ['binding'], 'a binding needs the name'],
  ['a name that is none', ['binding', 'Fast_ify'], '"Fast_ify" must be of lower-case letters'],
  ['a name that leads elsewhere', ['binding', '../fastify'], 'must be of lower-case letters'],
  ['a second name', ['binding', 'fastify', 'hapi'], '"hapi" is too much'],
  ['an option that there is not', ['binding', 'fastify', '--force'], "Unknown option '--force'"],
  ['a folder of this repository that is there', ['binding', 'koa'], 'exists and is not empty'],
  ['a folder elsewhere that is there', ['binding', 'acme', '--into', root], 'exists and is not empty'],
  ['a file in its place', ['binding', 'acme', '--into', join(root, 'package.json')], 'exists and is not empty'],
  ['a folder of this repository for a package alone', ['binding', 'acme', '--into', 'apps/acme'], 'in this repository'],
  ['a name of a package for this repository', ['binding', 'acme', '--name', 'acme'], '--name belongs to --into'],
  [
    'a name that npm would refuse',
    ['binding', 'acme', '--into', '../svcproxy-acme', '--name', '@Acme/x'],
    '"@Acme/x" is no name of an npm package',
  ],
])('%s is refused, and nothing has changed', (_, args, message) => {
  const { directory, make } = workspace()
  const before = contentsOf(directory)
  const { ok, output } = make(...args)
  expect(output).toContain(message)
  expect(output).toContain('usage: npm run new:adapter')
  expect(ok).toBe(false)
  expect(contentsOf(directory)).toEqual(before)
  expect(existsSync(join(directory, '../svcproxy-acme'))).toBe(false)
})

test('an empty folder may be there, and a package alone has a name without one being given', () => {
  const { make } = workspace()
  const folder = elsewhere()
  expect(make('breaker', 'acme', '--into', folder).ok).toBe(true)
  expect(readJson(join(folder, 'package.json')).name).toBe('svcproxy-breaker-acme')
})
