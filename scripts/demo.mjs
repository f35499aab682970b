// `npm run demo` shows the Express demo, `npm run demo -- --koa` the Koa one; further arguments go to the demo.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { root, run } from './workspace.mjs'

const args = process.argv.slice(2)
const app = join(root, 'apps', args.includes('--koa') ? 'demo-koa' : 'demo-express')

const build = run('tsc', ['-b', join(app, 'tsconfig.build.json')])
if (!build.ok) {
  console.error(build.output)
  process.exit(1)
}

// The project's own Node: the demo's opossum does not run on every Node that can start this script.
const node = join(root, 'node_modules/.bin/node')
const forTheDemo = args.filter((arg) => arg !== '--koa' && arg !== '--express')
const child = spawn(node, [join(app, 'dist/main.js'), ...forTheDemo], { stdio: 'inherit' })

// At a terminal ^C reaches the demo by itself, and a second one would be taken for impatience.
process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'))
process.on('SIGTERM', () => child.kill('SIGTERM'))
process.on('SIGHUP', () => child.kill('SIGHUP'))
child.on('error', (error) => {
  console.error(`The demo did not start: ${error.message}`)
  process.exit(1)
})
child.on('exit', (code) => process.exit(code ?? 1))
