// Rehearses a release from a clone of this repository: raises versions, builds, publishes everything to a private registry
// on the loopback interface, and installs and tries it from there in empty folders, as users do. Then a second release, of
// which only what has changed may be published, and which must fit what is installed. Prints a table; ends with 1 when
// anything is wrong, and leaves the work tree as it was.
//     npm run release:rehearse
import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { inspect } from 'node:util'
import { alone, combinations } from './rehearsal/consumers.mjs'
import { startRedis } from './rehearsal/redis.mjs'
import { startRegistry } from './rehearsal/registry.mjs'
import { publicPackages, readJson, root, run } from './workspace.mjs'

/** Every major of Node that the packages support, as npm has them. On the last one everything is tried. */
const NODES = ['20.19', '22', '26', '24']

const TYPES =
  '--noEmit --strict --exactOptionalPropertyTypes --target es2023 --lib es2023,esnext.disposable --types node'

const began = Date.now()
const temporary = mkdtempSync(join(tmpdir(), 'svcproxy-rehearsal-'))
const clone = join(temporary, 'clone')
const rows = []
let problems = 0

const treeBefore = run('git', ['status', '--porcelain']).output
const registry = await startRegistry(join(temporary, 'registry'))
const redis = await startRedis(join(temporary, 'redis'))
try {
  await rehearse()
} catch (error) {
  note('the rehearsal', false, inspect(error))
} finally {
  await Promise.all([registry.stop(), redis?.stop()])
  rmSync(temporary, { recursive: true, force: true })
}
if (run('git', ['status', '--porcelain']).output !== treeBefore) note('work tree', false, 'it is not as it was before')
print()
process.exitCode = problems === 0 ? 0 : 1

async function rehearse() {
  must('git', ['clone', '--quiet', root, clone], { cwd: temporary })
  must('pnpm', ['install', '--frozen-lockfile', '--prefer-offline'], { cwd: clone })
  const nodes = installNodes()

  const first = release([])
  note('first release', first.length === publicPackages.length, list(first))
  if (redis === undefined) note('fleet, Redis', false, 'there is no redis-server: apt-get install redis-server')
  const consumers = [...alone(publicPackages.map(({ name }) => name)), ...combinations(redis?.url)]
  await forEach(consumers, (consumer) => tryOut(consumer, nodes))

  const second = release([
    { package: '@svcproxy/core', bump: 'minor' },
    { package: '@svcproxy/koa', bump: 'patch' },
  ])
  const names = second.map((entry) => entry.slice(0, entry.lastIndexOf('@')))
  note('second release: core minor, koa patch', names.join() === '@svcproxy/core,@svcproxy/koa', list(second))
  for (const upgraded of ['@svcproxy/core', '@svcproxy/koa']) upgrade('koa 3, native', upgraded, nodes.at(-1))
}

/**
 * Publishes what the changesets of the clone, and those given, make of it.
 * @returns {string[]} what is new in the registry
 */
function release(changes) {
  const before = registry.published()
  changes.forEach(({ package: name, bump }, index) => {
    writeFileSync(join(clone, `.changeset/rehearsal-${index}.md`), `---\n'${name}': ${bump}\n---\n\nA rehearsal.\n`)
  })
  must('pnpm', ['exec', 'changeset', 'version'], { cwd: clone })
  must('npm', ['run', '--silent', 'build'], { cwd: clone })
  must('pnpm', ['exec', 'changeset', 'publish', '--no-git-tag'], { cwd: clone })
  return registry.published().filter((entry) => !before.includes(entry))
}

/** @returns {{ version: string, path: string }[]} */
function installNodes() {
  return NODES.flatMap((wanted) => {
    const folder = join(temporary, `node-${wanted}`)
    emptyPackage(folder)
    const installed = run('npm', ['install', '--no-audit', '--no-fund', `node@${wanted}`], { cwd: folder })
    const path = join(folder, 'node_modules/node/bin/node')
    if (!installed.ok || !existsSync(path)) {
      note(`Node ${wanted}`, false, installed.output)
      return []
    }
    return { path, version: run(path, ['-p', 'process.versions.node']).output.trim() }
  })
}

async function tryOut(consumer, nodes) {
  const { name, packages, others = [], installer = 'npm', tries = [], onEveryNode = false } = consumer
  const folder = folderOf(name)
  emptyPackage(folder)
  cpSync(join(root, 'scripts/rehearsal/apps'), folder, { recursive: true })
  const wanted = [...packages, ...others, `typescript@${ownVersion('typescript')}`, '@types/node@24']
  const args = installer === 'npm' ? ['install', '--no-audit', '--no-fund'] : ['add', '--prefer-offline']
  const found = await failuresOf([[installer, [...args, ...wanted], registry.env]], folder)
  if (found.length > 0) return note(name, false, found.join('\n'))

  writeFileSync(join(folder, 'all.ts'), importsOf(folder, packages))
  const tsc = join(folder, 'node_modules/typescript/bin/tsc')
  const types = [
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ].map(([module, resolution]) => [
    process.execPath,
    [tsc, ...TYPES.split(' '), '--module', module, '--moduleResolution', resolution, 'all.ts'],
  ])
  const triedOn = onEveryNode ? nodes : nodes.slice(-1)
  const runs = triedOn.flatMap(({ path }) => [
    [path, ['exports.mjs', ...packages.filter((each) => each !== '@svcproxy/testing')]],
    ...tries.map((script) => [path, script]),
  ])
  found.push(...(await failuresOf([...types, ...runs], folder)))
  const versions = triedOn.map(({ version }) => version.split('.')[0]).toSorted()
  const done = `${installer}; Node ${versions.join(', ')}; types; exports${tries.length > 0 ? '; a real run' : ''}`
  note(name, found.length === 0, found.length === 0 ? done : found.join('\n'))
}

/** What is installed stays, one package is upgraded alone: the rest must still work, with one core. */
function upgrade(consumer, name, node) {
  const folder = folderOf(consumer)
  const what = `${name.replace('@svcproxy/', '')} upgraded alone`
  const before = readJson(join(folder, 'node_modules', name, 'package.json')).version
  const copy = `${folder}-${name.replace('@svcproxy/', '')}`
  cpSync(folder, copy, { recursive: true })
  const installed = run('npm', ['install', '--no-audit', '--no-fund', `${name}@latest`], {
    cwd: copy,
    env: registry.env,
  })
  if (!installed.ok) return note(what, false, installed.output)
  const after = readJson(join(copy, 'node_modules', name, 'package.json')).version
  const cores = JSON.parse(run('npm', ['query', '[name="@svcproxy/core"]'], { cwd: copy }).output)
  const works = run(node?.path ?? process.execPath, ['serve.mjs', 'koa', 'native'], { cwd: copy })
  const isRight = after !== before && cores.length === 1 && works.ok
  note(what, isRight, `${before} to ${after}, ${cores.length} core${isRight ? ', works' : `\n${works.output}`}`)
}

/** No skipLibCheck: the declarations must stand on their own. */
function importsOf(folder, packages) {
  const entries = packages.flatMap((name) =>
    Object.keys(readJson(join(folder, 'node_modules', name, 'package.json')).exports)
      .filter((entry) => !entry.endsWith('.json'))
      .map((entry) => join(name, entry)),
  )
  return entries.map((entry, index) => `import * as e${index} from '${entry}'\nvoid e${index}\n`).join('')
}

function folderOf(name) {
  return join(temporary, name.replaceAll(/\W+/g, '-'))
}

function emptyPackage(folder) {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type: 'module' }))
}

/** The version that this workspace is tested with. */
function ownVersion(name) {
  const folder = [root, join(root, 'packages/core')].find((place) => existsSync(join(place, 'node_modules', name)))
  return readJson(join(folder ?? root, 'node_modules', name, 'package.json')).version
}

/** Runs commands one after the other. @returns {Promise<string[]>} what the failed ones said */
async function failuresOf(commands, cwd) {
  const found = []
  for (const [command, args, env] of commands) {
    const { ok, output } = await spawned(command, args, { cwd, env })
    if (!ok) found.push(`${command} ${args.join(' ')}\n${output}`)
  }
  return found
}

function spawned(command, args, { cwd, env }) {
  return new Promise((resolve) => {
    const PATH = join(root, 'node_modules/.bin') + delimiter + process.env.PATH
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, PATH, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
    child.on('error', (error) => resolve({ ok: false, output: String(error) }))
    child.on('close', (code) => resolve({ ok: code === 0, output }))
  })
}

async function forEach(items, work) {
  const left = [...items]
  const worker = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item)
  }
  await Promise.all(Array.from({ length: availableParallelism() }, worker))
}

function must(command, args, options) {
  const { ok, output } = run(command, args, { ...options, env: registry.env })
  if (!ok) throw new Error(`${command} ${args.join(' ')} failed\n${output}`)
}

function list(entries) {
  return entries.map((entry) => entry.replace('@svcproxy/', '')).join(' ')
}

function note(what, isRight, detail) {
  if (!isRight) problems++
  rows.push([isRight ? 'ok' : 'FAILED', what, detail])
  console.log(`${isRight ? 'ok    ' : 'FAILED'} ${what}: ${detail}`)
}

function print() {
  const width = Math.max(...rows.map(([, what]) => what.length))
  console.log(`\n${'what'.padEnd(width)}  result  how`)
  for (const [result, what, detail] of rows)
    console.log(`${what.padEnd(width)}  ${result.padEnd(6)}  ${detail.split('\n')[0]}`)
  console.log(`\n${rows.length - problems} right, ${problems} wrong, ${Math.round((Date.now() - began) / 1_000)} s`)
}
