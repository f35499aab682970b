// Makes a package of its own from one of the templates: a member of this workspace, or one that stands alone elsewhere.
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { publicPackages, readJson, root } from './workspace.mjs'

/** What there is a template of. */
export const KINDS = ['binding', 'breaker']

const CONFIGURATION = ['tsconfig.json', 'tsconfig.build.json', 'vitest.config.ts']
const REPOSITORY = 'https://github.com/svcproxy/svcproxy'

/**
 * What to make.
 * @typedef {object} Adapter
 * @property {string} kind one of {@link KINDS}
 * @property {string} name of the framework or the library, in lower case: `hapi`, `my-breaker`
 * @property {string} packageName `@svcproxy/hapi`
 * @property {string} folder where to: a path that is absolute
 * @property {Readonly<Record<string, string>>} [versions] given: the package stands alone, with these ranges of packages, and
 * those of {@link publishedRanges} where it names none. Not given: it is a member of this workspace
 */

/**
 * Writes the package. Nothing is written when it throws.
 * @param {Adapter} adapter
 * @returns {string[]} the paths of its files, from its folder
 */
export function stampAdapter(adapter) {
  const files = { ...sourcesOf(adapter), ...(adapter.versions ? aloneFiles(adapter) : memberFiles(adapter)) }
  for (const [file, text] of Object.entries(files)) {
    const path = join(adapter.folder, file)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
  return Object.keys(files)
}

/** The range of every package that a package outside of this repository can depend on: ours, and what we test with. */
export function publishedRanges() {
  const catalog = readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8')
    .split(/^catalog:$/m)[1]
    .split(/^\S/m)[0]
  const others = [...catalog.matchAll(/^ {2}'?([^':]+)'?: (\S+)$/gm)].map(([, name, range]) => [name, range])
  // Before the first release every version is 0.0.0.
  const ours = publicPackages.map(({ name, manifest: { version } }) => [name, `^${version.replace(/^0\..*/, '1.0.0')}`])
  // npm refuses the types of Node 20 beside vitest 5, which asks for those of 22; this workspace overrides that.
  return { ...Object.fromEntries([...others, ...ours]), '@types/node': '^22.12.0' }
}

/** `MyBreaker` and `myBreaker` of `my-breaker`. */
export function namesOf(name) {
  const pascal = name
    .split('-')
    .map((word) => word[0].toUpperCase() + word.slice(1))
    .join('')
  return { pascal, camel: pascal[0].toLowerCase() + pascal.slice(1) }
}

/** The files of a template, from its folder. */
export function templateFiles(kind) {
  const sources = readdirSync(join(root, 'templates', kind, 'src')).map((file) => `src/${file}`)
  return ['package.json', 'README.md', ...CONFIGURATION, ...sources]
}

function sourcesOf(adapter) {
  const renamed = renaming(adapter)
  const sources = templateFiles(adapter.kind).filter((file) => file.startsWith('src/') || file === 'README.md')
  return Object.fromEntries(
    sources.map((file) => [renamed(file), relinked(renamed(textOf(adapter.kind, file)), adapter)]),
  )
}

/** In one pass, so that nothing is renamed that was put in. */
function renaming({ kind, name, packageName }) {
  const { pascal, camel } = namesOf(name)
  const words = {
    [`@svcproxy/template-${kind}`]: packageName,
    'template-': `${name}-`,
    Template: pascal,
    template: camel,
  }
  return (text) => text.replaceAll(new RegExp(Object.keys(words).join('|'), 'g'), (word) => words[word])
}

/** The links of a page, which go from a template to the rest of this repository. */
function relinked(text, { versions }) {
  return versions
    ? text.replaceAll('](../../', `](${REPOSITORY}/blob/main/`)
    : text.replaceAll('](../../packages/', '](../')
}

function memberFiles(adapter) {
  const { kind, folder } = adapter
  const place = `packages/${basename(folder)}`
  const { private: _, repository, ...manifest } = namedManifest(adapter)
  const own = {
    ...manifest,
    homepage: `${REPOSITORY}/tree/main/${place}#readme`,
    repository: { ...repository, directory: place },
  }
  const configuration = CONFIGURATION.map((file) => [file, textOf(kind, file)])
  return { 'package.json': asJson(own), ...Object.fromEntries(configuration) }
}

function aloneFiles(adapter) {
  const { compilerOptions } = readJson(join(root, 'tsconfig.base.json'))
  return {
    'package.json': asJson(aloneManifest(adapter)),
    'tsconfig.json': asJson({
      compilerOptions: { ...compilerOptions, noEmit: true },
      include: ['src', 'vitest.config.ts'],
    }),
    'tsconfig.build.json': asJson({
      extends: './tsconfig.json',
      compilerOptions: { noEmit: false, rootDir: 'src', outDir: 'dist' },
      include: ['src'],
      exclude: ['src/**/*.test.ts'],
    }),
    'vitest.config.ts': ALONE_VITEST,
    '.gitignore': 'node_modules\ndist/\n',
  }
}

const ALONE_VITEST = `import type { ViteUserConfig } from 'vitest/config'

const config: ViteUserConfig = {
  test: { include: ['src/**/*.test.ts'], testTimeout: 30_000, hookTimeout: 30_000 },
}
export default config
`

function aloneManifest(adapter) {
  const { name, description, keywords, license, type, sideEffects, engines, ...manifest } = namedManifest(adapter)
  const ranges = { ...publishedRanges(), ...adapter.versions }
  const published = (dependencies = {}) =>
    Object.fromEntries(Object.keys(dependencies).map((dependency) => [dependency, ranges[dependency]]))
  const { dependencies, devDependencies, peerDependencies, publishConfig } = manifest
  return {
    name,
    version: '0.1.0',
    description,
    keywords,
    license,
    files: ['dist', '!dist/**/*.d.ts.map'],
    type,
    sideEffects,
    exports: publishConfig.exports,
    publishConfig: { access: publishConfig.access },
    scripts: {
      build: 'tsc -p tsconfig.build.json',
      prepack: 'npm run build',
      test: 'vitest run',
      types: 'tsc -p tsconfig.json',
    },
    ...(dependencies && { dependencies: published(dependencies) }),
    devDependencies: sorted({ ...published(devDependencies), typescript: ranges.typescript }),
    peerDependencies: published(peerDependencies),
    engines,
  }
}

function namedManifest(adapter) {
  const manifest = readJson(join(root, 'templates', adapter.kind, 'package.json'))
  const renamed = renaming(adapter)
  return {
    ...manifest,
    name: adapter.packageName,
    version: '0.0.0',
    description: renamed(manifest.description),
    keywords: manifest.keywords.map((word) => (word === 'template' ? adapter.name : word)).toSorted(),
  }
}

function textOf(kind, file) {
  return readFileSync(join(root, 'templates', kind, file), 'utf8')
}

function sorted(object) {
  return Object.fromEntries(Object.entries(object).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function asJson(value) {
  return `${JSON.stringify(value, null, 2)}\n`
}

/** Whether something is in the way of a new folder. */
export function isTaken(folder) {
  return existsSync(folder) && (!statSync(folder).isDirectory() || readdirSync(folder).length > 0)
}
