// Runs a command with the project's own tools and Node first on PATH, whatever Node started this script, and with
// the tools' telemetry off: `node scripts/run.mjs turbo run test`.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const bin = join(dirname(fileURLToPath(import.meta.url)), '..', 'node_modules', '.bin')
const [command, ...args] = process.argv.slice(2)
if (!command) {
  console.error('usage: node scripts/run.mjs <command> [arguments]')
  process.exit(2)
}
if (!existsSync(bin)) {
  console.error('Nothing is installed yet: run "npm run setup" first.')
  process.exit(1)
}

const child = spawn(command, args, {
  stdio: 'inherit',
  shell: process.platform === 'win32',
  env: { ...process.env, PATH: bin + delimiter + process.env.PATH, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' },
})
process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT')) // at a terminal ^C reaches the child by itself
process.on('SIGTERM', () => child.kill('SIGTERM'))
child.on('error', (error) => {
  console.error(`${command} did not start: ${error.message}`)
  process.exit(1)
})
child.on('exit', (code) => process.exit(code ?? 1))
