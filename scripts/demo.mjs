// `npm run demo` shows the Express demo, `npm run demo -- --koa` the Koa one; further arguments go to the demo.
import { spawn, spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** @type {NodeJS.Signals[]} */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP']
const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const args = process.argv.slice(2)
const app = args.includes('--koa') ? 'demo-koa' : 'demo-express'

const build = spawnSync('turbo', ['run', 'build', `--filter=@svcproxy/${app}`, '--output-logs=errors-only'], {
  cwd: root,
  encoding: 'utf8',
  shell: process.platform === 'win32',
})
if (build.status !== 0) {
  console.error(build.error?.message ?? build.stdout + build.stderr)
  process.exit(1)
}

const main = join(root, 'apps', app, 'dist/main.js')
const child = spawn(process.execPath, [main, ...args.filter((arg) => arg !== '--koa' && arg !== '--express')], {
  stdio: 'inherit',
})
SIGNALS.forEach((signal) => process.on(signal, () => child.kill(signal)))
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)))
