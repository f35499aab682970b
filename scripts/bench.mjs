// `npm run bench` measures svcproxy beside its peers; arguments go to the benchmark: `npm run bench -- --help`.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { root, run } from './workspace.mjs'

const app = join(root, 'apps/bench')

const build = run('tsc', ['-b', join(app, 'tsconfig.build.json')])
if (!build.ok) {
  console.error(build.output)
  process.exit(1)
}

// The project's own Node, so that two machines measure the same one.
const node = join(root, 'node_modules/.bin/node')
const child = spawn(node, [join(app, 'dist/main.js'), ...process.argv.slice(2)], { stdio: 'inherit' })

// At a terminal ^C reaches the benchmark by itself.
process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'))
process.on('SIGTERM', () => child.kill('SIGTERM'))
process.on('SIGHUP', () => child.kill('SIGHUP'))
child.on('error', (error) => {
  console.error(`The benchmark did not start: ${error.message}`)
  process.exit(1)
})
child.on('exit', (code) => process.exit(code ?? 1))
