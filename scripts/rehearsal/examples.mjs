// The applications of `examples/`, tried as a newcomer does: copied out of the repository, installed, compiled, tested.
import { spawn } from 'node:child_process'
import { cpSync, existsSync, readdirSync } from 'node:fs'
import { basename, delimiter, join } from 'node:path'
import { root } from '../workspace.mjs'

/** What somebody who has run an example in place leaves there. */
const LEFT_BEHIND = ['node_modules', 'package-lock.json']

const STEPS = ['install --no-audit --no-fund', 'run types', 'test']

/** @returns {string[]} their folders in this repository: `examples/express-postgres` … */
export function examples() {
  return readdirSync(join(root, 'examples'))
    .map((name) => `examples/${name}`)
    .filter((folder) => existsSync(join(root, folder, 'package.json')))
    .toSorted()
}

/**
 * @param {string} folder one of {@link examples}
 * @param {string} copyTo a folder that is empty, or not there yet, outside of the repository
 * @param {NodeJS.ProcessEnv} env that of the registry; `REDIS_URL`, if there is a Redis
 */
export async function tryExample(folder, copyTo, env) {
  const filter = (source) => !LEFT_BEHIND.includes(basename(source))
  cpSync(join(root, folder), copyTo, { recursive: true, filter })
  let output = ''
  for (const step of STEPS) {
    const { ok, said } = await npm(step.split(' '), copyTo, env)
    output += `npm ${step}\n${said}`
    if (!ok) return { ok, output }
  }
  return { ok: true, output }
}

/** On the repository's own Node. */
function npm(args, cwd, env) {
  const PATH = join(root, 'node_modules/.bin') + delimiter + process.env.PATH
  const child = spawn('npm', args, {
    cwd,
    env: { ...process.env, PATH, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk))
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ ok: false, said: String(error) }))
    child.on('close', (code) => resolve({ ok: code === 0, said }))
  })
}
