import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { operated } from '../test/operated-process.ts'

test('the command itself runs: arguments, environment, output and exit code', async () => {
  const app = await operated()
  await app.breakFleet()
  const { code, out } = await command(['status', app.url], {})
  expect(code).toBe(1)
  expect(out).toMatch(/^fleet .*○ open/m)
})

test('the command ends a watch on SIGINT, with the code of the last state', async () => {
  const app = await operated()
  const { code, out } = await command(['watch', app.url, '--json'], { untilOutput: '\n', signal: 'SIGINT' })
  expect(code).toBe(0)
  expect(JSON.parse(out)).toMatchObject({ status: 'pass' })
})

test('the command ends when its reader leaves', async () => {
  const app = await operated()
  const child = start(['watch', app.url, '--json', '--interval-ms', '100'])
  await once(child.stdout, 'data')
  child.stdout.destroy()
  await app.manager.getProxy('fleet').checkHealth()
  app.manager.getProxy('fleet').invalidateCache()
  const [code] = (await once(child, 'exit')) as [number | null]
  expect(code).toBe(0)
})

function start(argv: readonly string[]) {
  const main = fileURLToPath(new URL('main.ts', import.meta.url))
  const {
    NO_COLOR: _noColor,
    FORCE_COLOR: _forceColor,
    SVCPROXY_URL: _url,
    SVCPROXY_TOKEN: _token,
    ...env
  } = process.env
  return spawn(process.execPath, [main, ...argv], { stdio: ['ignore', 'pipe', 'inherit'], env })
}

interface CommandOptions {
  /** When this was printed, `signal` is sent. */
  readonly untilOutput?: string
  readonly signal?: NodeJS.Signals
}

async function command(argv: readonly string[], { untilOutput, signal = 'SIGTERM' }: CommandOptions) {
  const child = start(argv)
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
    if (untilOutput !== undefined && out.includes(untilOutput)) child.kill(signal)
  })
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, out }
}
