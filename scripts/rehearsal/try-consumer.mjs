// Installs as a user would, in an empty folder, and tries what is installed.
import { cpSync, existsSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { readJson, root } from '../workspace.mjs'
import { command, must } from './command.mjs'
import { emptyPackage } from './folders.mjs'

const INSTALL = {
  npm: ['install', '--no-audit', '--no-fund', '--prefer-offline'],
  pnpm: ['add', '--prefer-offline'],
}

/** What is declared must stand on its own: no skipLibCheck. */
const COMPILER = {
  target: 'es2023',
  lib: ['es2023', 'esnext.disposable'],
  types: ['node'],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  verbatimModuleSyntax: true,
}
const RESOLUTIONS = [
  ['--module', 'esnext', '--moduleResolution', 'bundler', '--noEmit'],
  ['--module', 'nodenext'],
]

/**
 * What came of it.
 * @typedef {{ ok: boolean, detail: string }} Outcome
 */

/**
 * What it is tried with.
 * @typedef {object} Place
 * @property {NodeJS.ProcessEnv} env what makes npm use the private registry
 * @property {import('./nodes.mjs').Node[]} nodes
 */

/**
 * @param {import('./consumers.mjs').Consumer} consumer
 * @param {string} folder is created
 * @param {Place} place
 * @returns {Promise<Outcome>}
 */
export async function tryConsumer(consumer, folder, { env, nodes }) {
  const { packages, others = [], installer = 'npm', tries = [], onEveryNode = false } = consumer
  emptyPackage(folder)
  const wanted = [...packages, ...others, '@types/node@24']
  const installed = await command(installer, [...INSTALL[installer], ...wanted], { cwd: folder, env })
  if (!installed.ok) return { ok: false, detail: installed.output }

  prepareSources(folder, consumer)
  const triedOn = onEveryNode ? nodes : nodes.slice(-1)
  const scripts = [['exports.mjs', ...packages.filter((each) => each !== '@svcproxy/testing')], ...tries]
  const problems = [
    ...unwanted(folder, consumer),
    ...(await failuresOf(
      RESOLUTIONS.map((resolution) => ['tsc', ['-p', '.', ...resolution]]),
      { cwd: folder },
    )),
    ...(await failuresOf(
      triedOn.flatMap(({ path }) => scripts.map((script) => [path, script])),
      { cwd: folder, env },
    )),
  ]
  const versions = triedOn.map(({ version }) => version.split('.').slice(0, 2).join('.')).toSorted()
  const done = [
    installer,
    `Node ${versions.join(', ')}`,
    'types',
    'exports',
    ...(tries.length > 0 ? ['a real run'] : []),
  ]
  return { ok: problems.length === 0, detail: problems.length === 0 ? done.join('; ') : problems.join('\n') }
}

/**
 * What is installed stays, one package is upgraded alone: the rest must still work, with one core.
 * @param {string} tried the folder of a consumer that was tried
 * @param {string} upgraded a package
 * @param {string} folder is created
 * @param {Place} place
 * @returns {Promise<Outcome>}
 */
export async function tryUpgrade(tried, upgraded, folder, { env, nodes }) {
  cpSync(tried, folder, { recursive: true })
  const options = { cwd: folder, env }
  const versionOf = () => readJson(join(folder, 'node_modules', upgraded, 'package.json')).version
  const before = versionOf()
  const installed = await command('npm', ['install', '--no-audit', '--no-fund', `${upgraded}@latest`], options)
  if (!installed.ok) return { ok: false, detail: installed.output }
  const cores = JSON.parse(await must('npm', ['query', '[name="@svcproxy/core"]'], options))
  const works = await command(nodes.at(-1)?.path ?? process.execPath, ['serve.mjs', 'koa', 'native'], options)
  const detail = `${before} to ${versionOf()}, ${cores.length} core, ${works.ok ? 'works' : works.output}`
  return { ok: versionOf() !== before && cores.length === 1 && works.ok, detail }
}

/**
 * The applications, and a module that imports every entry of the packages.
 * @param {string} folder
 * @param {import('./consumers.mjs').Consumer} consumer
 */
function prepareSources(folder, { packages, app }) {
  cpSync(join(root, 'scripts/rehearsal/apps'), folder, { recursive: true })
  const entries = packages.flatMap((name) =>
    Object.keys(readJson(join(folder, 'node_modules', name, 'package.json')).exports)
      .filter((entry) => !entry.endsWith('.json'))
      .map((entry) => join(name, entry)),
  )
  const imports = entries.map((entry, index) => `import * as e${index} from '${entry}'\nvoid e${index}\n`)
  writeFileSync(join(folder, 'all.ts'), imports.join(''))
  const files = ['all.ts', ...(app === undefined ? [] : [app])]
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: COMPILER, files }))
}

/** @param {string} folder @param {import('./consumers.mjs').Consumer} consumer */
function unwanted(folder, { absent = [] }) {
  return absent
    .filter((name) => existsSync(join(folder, 'node_modules', name)))
    .map((name) => `${name} is installed, which nobody asked for`)
}

/** Runs commands one after the other. @returns {Promise<string[]>} what the failed ones said */
async function failuresOf(commands, { cwd, env = {} }) {
  const found = []
  for (const [name, args] of commands) {
    // What a script starts by name runs on the same Node.
    const PATH = name.includes('/') ? { PATH: dirname(name) + delimiter + process.env.PATH } : {}
    const { ok, output } = await command(name, args, { cwd, env: { ...env, ...PATH } })
    if (!ok) found.push(`${name} ${args.join(' ')}\n${output}`)
  }
  return found
}
