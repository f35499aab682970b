// `npm test`: all tests of all packages, in two lanes side by side. A few suites take as long as all others together, and wait
// for a browser and for databases most of the time; turbo, which knows nothing of durations, may begin the longest one last.
import { spawn } from 'node:child_process'
import { once } from 'node:events'

const LONG = ['e2e', 'clients', 'demo-koa', 'demo-express', 'bench'].map((name) => `@svcproxy/${name}`)
const ONE_BY_ONE = ['--concurrency=1', '--continue=dependencies-successful']

const built = await turbo(['run', '//#build'])
const codes =
  built === 0
    ? await Promise.all([
        turbo(['run', 'test', '--only', ...ONE_BY_ONE, ...LONG.map((name) => `--filter=${name}`)]),
        turbo(['run', 'test', 'test:scripts', '--only', ...ONE_BY_ONE, ...LONG.map((name) => `--filter=!${name}`)]),
      ])
    : [built]
process.exitCode = codes.find((code) => code !== 0) ?? 0

async function turbo(args) {
  const child = spawn('turbo', args, { stdio: 'inherit', shell: process.platform === 'win32' })
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => child.kill(signal))
  const [code] = await once(child, 'exit')
  return code ?? 1
}
