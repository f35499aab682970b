import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { root, run } from './workspace.mjs'

/** Builds an app and becomes it: its arguments, its terminal, its signals and its exit code. */
export function runApp(name, args) {
  const app = join(root, 'apps', name)
  for (const [command, ...buildArgs] of [
    ['node', join(root, 'packages/dashboard/build-page.mjs')],
    ['tsc', '-b', join(app, 'tsconfig.build.json')],
  ]) {
    const built = run(command, buildArgs)
    if (built.ok) continue
    console.error(built.output)
    process.exit(1)
  }

  // The project's own Node: some of what the apps use does not run on every Node that can start this script.
  const node = join(root, 'node_modules/.bin/node')
  const child = spawn(node, [join(app, 'dist/main.js'), ...args], { stdio: 'inherit' })

  // At a terminal ^C reaches the app by itself, and a second one would be taken for impatience.
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'))
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  process.on('SIGHUP', () => child.kill('SIGHUP'))
  child.on('error', (error) => {
    console.error(`${name} did not start: ${error.message}`)
    process.exit(1)
  })
  child.on('exit', (code) => process.exit(code ?? 1))
}
