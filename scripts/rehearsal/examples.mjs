// The applications of `examples/`, tried as a newcomer does: copied out of the repository, installed, compiled, tested.
import { cpSync, existsSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { root } from '../workspace.mjs'
import { command } from './command.mjs'

/** What somebody who has run an example in place leaves there. */
const LEFT_BEHIND = new Set(['node_modules', 'package-lock.json'])

const STEPS = ['install --no-audit --no-fund --prefer-offline', 'run types', 'test']

/** @returns {string[]} their folders in this repository: `examples/express-postgres` … */
export function examples() {
  return readdirSync(join(root, 'examples'))
    .map((name) => `examples/${name}`)
    .filter((folder) => existsSync(join(root, folder, 'package.json')))
    .toSorted()
}

/**
 * @param {string} folder one of {@link examples}
 * @param {string} cwd a folder that is empty, or not there yet, outside of the repository
 * @param {NodeJS.ProcessEnv} env that of the registry; `REDIS_URL`, if there is a Redis
 * @returns {Promise<import('./try-consumer.mjs').Outcome>}
 */
export async function tryExample(folder, cwd, env) {
  cpSync(join(root, folder), cwd, { recursive: true, filter: (source) => !LEFT_BEHIND.has(basename(source)) })
  for (const step of STEPS) {
    const { ok, output } = await command('npm', step.split(' '), { cwd, env: { ...env, NO_COLOR: '1' } })
    if (!ok) return { ok, detail: `npm ${step}\n${output}` }
  }
  return { ok: true, detail: 'npm install, types, npm test' }
}
