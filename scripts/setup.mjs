// Brings the project's own Node and pnpm, then installs. Runs on the machine's Node (20 or newer) with npm alone.
// Nothing to do when node_modules already belongs to this lockfile.
import { createHash } from 'node:crypto'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const stampFile = join(root, 'node_modules/.svcproxy-setup')
const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** What decides the content of node_modules: the lockfile, the workspace file and every package.json. */
function fingerprint() {
  const files = ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json']
  for (const group of ['packages', 'apps', 'templates']) {
    if (!existsSync(join(root, group))) continue
    for (const name of readdirSync(join(root, group)).sort()) {
      if (existsSync(join(root, group, name, 'package.json'))) files.push(`${group}/${name}/package.json`)
    }
  }
  const hash = createHash('sha256').update(`${process.platform}-${process.arch}`)
  for (const file of files) hash.update(`\0${file}\0`).update(readFileSync(join(root, file)))
  return hash.digest('hex')
}

function isReady() {
  if (!existsSync(stampFile) || !existsSync(join(root, 'node_modules/.bin/turbo'))) return false
  return readFileSync(stampFile, 'utf8') === fingerprint()
}

function fail(what, advice) {
  console.error(`\nsvcproxy setup: ${what}\n${advice}`)
  process.exit(1)
}

if (!isReady()) {
  if (Number(process.versions.node.split('.')[0]) < 20) {
    fail(
      `Node ${process.versions.node} is too old to start from.`,
      'Install Node 20 or newer; the project then brings its own.',
    )
  }
  const pnpm = `pnpm@${devDependencies.pnpm}`
  console.log(`svcproxy setup: installing with ${pnpm} (once per lockfile)`)
  const args = ['--yes', pnpm, 'install', '--frozen-lockfile']
  const result = spawnSync('npx', args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' })
  if (result.error) fail(`npx did not start: ${result.error.message}`, 'Is npm installed and on PATH?')
  if (result.status !== 0) {
    fail(
      `"npx ${args.join(' ')}" ended with ${result.status ?? result.signal}.`,
      'Its own message stands above. "ERR_PNPM_OUTDATED_LOCKFILE" means that a package.json and pnpm-lock.yaml disagree: ' +
        `run "npx --yes ${pnpm} install" and commit the lockfile. A network error means that the npm registry was not reached.`,
    )
  }
  mkdirSync(dirname(stampFile), { recursive: true })
  writeFileSync(stampFile, fingerprint())
}
