// Installs the packages as a user would: npm, an empty folder, the tarballs of core, http, express and dashboard, and
// neither opossum nor koa. Then type-checks a small strict app, starts it, asks it over a socket, runs the command line
// against it with npx in another empty folder, and reads the error that names the packages to install for a circuit. On
// this repository's Node and on the machine's own, where that is fit.
import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { inspect } from 'node:util'
import { publicPackages, readJson, report, root, run } from './workspace.mjs'

const PACKED = ['@svcproxy/core', '@svcproxy/http', '@svcproxy/express', '@svcproxy/dashboard']
const ABSENT = ['opossum', 'koa', 'preact', '@svcproxy/breaker-opossum', '@svcproxy/koa']
const START_TIMEOUT_MS = 20_000

const problems = []
const app = mkdtempSync(join(tmpdir(), 'svcproxy-install-'))
try {
  if (install() && compile()) {
    for (const node of nodes()) {
      console.log(`Node ${node.version}`)
      problems.push(...(await tryOn(node)).map((problem) => `Node ${node.version}: ${problem}`))
    }
  }
} finally {
  rmSync(app, { recursive: true, force: true })
}
report('Install', problems, 'the packages install, compile and serve without opossum and koa')

function install() {
  const tarballs = join(app, 'tarballs')
  mkdirSync(tarballs)
  for (const { directory, name } of publicPackages.filter((entry) => PACKED.includes(entry.name))) {
    const packed = run('pnpm', ['pack', '--pack-destination', tarballs], { cwd: directory })
    if (!packed.ok) return failed(`${name}: pnpm pack failed\n${packed.output}`)
  }
  cpSync(join(root, 'scripts/install-check'), app, { recursive: true })
  writeFileSync(join(app, 'package.json'), JSON.stringify({ name: 'app', private: true, type: 'module' }))
  const fromNpm = ['express', '@types/express', '@types/node', 'typescript'].map(
    (name) => `${name}@${installedVersion(name)}`,
  )
  const files = readdirSync(tarballs).map((file) => join(tarballs, file))
  const installed = run('npm', ['install', '--no-audit', '--no-fund', ...files, ...fromNpm], { cwd: app })
  if (!installed.ok) return failed(`npm install failed\n${installed.output}`)
  const present = ABSENT.filter((name) => existsSync(join(app, 'node_modules', name)))
  if (present.length > 0) return failed(`npm install brought ${present.join(', ')}, which nobody asked for.`)
  console.log(`Installed ${readdirSync(join(app, 'node_modules')).length} entries with npm`)
  return true
}

/** The version this workspace tests with. */
function installedVersion(name) {
  const folder = [root, join(root, 'packages/express')].find((place) => existsSync(join(place, 'node_modules', name)))
  return readJson(join(folder ?? root, 'node_modules', name, 'package.json')).version
}

function compile() {
  const compiled = run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', '.'], { cwd: app })
  return compiled.ok || failed(`the app does not compile\n${compiled.output}`)
}

/** This Node, and the machine's own: the first on PATH that is none of this repository's, if it is new enough. */
function nodes() {
  const own = { path: process.execPath, version: process.versions.node }
  const path = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !folder.includes('node_modules'))
    .map((folder) => join(folder, process.platform === 'win32' ? 'node.exe' : 'node'))
    .find((candidate) => existsSync(candidate))
  if (path === undefined) return [own]
  const version = run(path, ['-p', 'process.versions.node']).output.trim()
  if (version === own.version) return [own]
  if (canRequireModules(version)) return [own, { path, version }]
  console.log(`Node ${version} on PATH is too old for these packages: not tried.`)
  return [own]
}

/** What `engines` of the packages asks for. */
function canRequireModules(version) {
  const [major, minor] = version.split('.').map(Number)
  if (major === 20) return minor >= 19
  return major === 22 ? minor >= 12 : major > 22
}

async function tryOn(node) {
  const found = []
  const expectThat = (isRight, what) => {
    console.log(`  ${isRight ? 'ok' : 'WRONG'} ${what}`)
    if (!isRight) found.push(what)
  }
  const circuit = run(node.path, ['circuit-without-breaker.mjs'], { cwd: app })
  expectThat(circuit.ok, `a circuit without a breaker is refused by name: ${circuit.output.trim()}`)

  const server = spawn(node.path, ['app.js'], { cwd: app, stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise((resolve) => server.once('exit', resolve))
  try {
    const base = await Promise.race([address(server), ended.then(() => undefined)])
    if (base === undefined) return [...found, 'the app ended instead of listening']
    const greeting = await fetch(`${base}/greet/Ada`)
    expectThat(
      greeting.status === 200 && (await greeting.text()) === '{"text":"Hello, Ada"}',
      'a service answers through its proxy',
    )
    const failure = await fetch(`${base}/greet/nobody`)
    expectThat(failure.status === 504, `a service that hangs is a 504 (was ${failure.status})`)
    expectThat(failure.headers.get('content-type')?.startsWith('application/problem+json') === true, 'as problem+json')
    const live = await fetch(`${base}/livez`)
    expectThat(live.status === 200, `/livez answers 200 (was ${live.status})`)
    const ready = await fetch(`${base}/readyz`)
    expectThat(ready.status === 200, `/readyz answers 200 (was ${ready.status})`)
    const page = await fetch(`${base}/ops/services/`)
    expectThat(page.status === 200 && (await page.text()).includes('app.js'), 'the dashboard is served')
    const command = commandLine(node, ['status', `${base}/ops/services`])
    expectThat(
      command.status === 0 && command.output.includes('greeter'),
      `npx in an empty folder shows the services: exit ${command.status}\n${command.output.trim()}`,
    )
    const gone = commandLine(node, ['status', 'http://127.0.0.1:9/'])
    expectThat(gone.status === 2, `npx says 2 where nobody answers (was ${gone.status})`)
  } catch (error) {
    found.push(inspect(error))
  } finally {
    server.kill('SIGTERM')
    const killer = setTimeout(() => server.kill('SIGKILL'), START_TIMEOUT_MS)
    await ended
    clearTimeout(killer)
  }
  return found
}

/** `npx @svcproxy/cli`, from its tarball, in a folder where there is nothing. */
function commandLine(node, args) {
  const folder = mkdtempSync(join(tmpdir(), 'svcproxy-npx-'))
  try {
    const packed = run('pnpm', ['pack', '--pack-destination', folder], { cwd: join(root, 'packages/cli') })
    if (!packed.ok) return packed
    const [tarball] = readdirSync(folder)
    const empty = join(folder, 'empty')
    mkdirSync(empty)
    const env = { PATH: dirname(node.path) + delimiter + process.env.PATH }
    return run('npx', ['--yes', `file:${join(folder, tarball)}`, ...args], { cwd: empty, env })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The address that the app prints once it listens. */
async function address(server) {
  const signal = AbortSignal.timeout(START_TIMEOUT_MS)
  for await (const line of createInterface({ input: server.stdout, signal })) {
    if (line.startsWith('http://')) return line
  }
  return undefined
}

function failed(problem) {
  problems.push(problem)
  return false
}
