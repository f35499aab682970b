import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Agent, get } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'

/** An application as the README has it, in a process of its own. It prints its port. */
const PROGRAM = `
import { factoryProvider, ServiceProxyManager } from '@svcproxy/core'
import { bindServices } from '@svcproxy/express'
import express from 'express'

const service = { work: () => new Promise((done) => setTimeout(done, 5, 'done')), hang: () => new Promise(() => {}) }
// Its end takes a while, in which nothing of it keeps the process alive.
const dispose = () => new Promise((done) => setTimeout(done, 100).unref())
const provider = factoryProvider('service', { create: () => service, dispose, checkHealth: () => true })
const manager = new ServiceProxyManager().add('service', { provider, healthIntervalMs: 50 })
const services = bindServices(manager)
const app = express()
app.use(services.health())
app.use(services.middleware())
app.get('/work', async (req, res) => res.send(await services.from(req).service.work()))
app.get('/hang', (req) => services.from(req).service.hang())
const server = app.listen(0, '127.0.0.1', () => console.log(server.address().port))
let ends = 0
process.on('SIGTERM', async () => {
  await services.shutdown(server, JSON.parse(process.argv[1]))
  if (++ends === 1) console.log('ended')
})
`

interface Running {
  readonly child: ChildProcess
  readonly url: string
  /** How the process ended, and what it said: by itself, and not before its shutdown, is `ENDED`. */
  readonly ended: Promise<unknown[]>
}

const ENDED = [0, null, 'ended\n']

async function run(limits: object): Promise<Running> {
  const flags = ['--conditions=@svcproxy/source', '--no-warnings', '--input-type=module']
  const child = spawn(process.execPath, [...flags, '--eval', PROGRAM, '--', JSON.stringify(limits)], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [port] = await once(child.stdout.setEncoding('utf8'), 'data')
  let said = ''
  child.stdout.on('data', (text: string) => (said += text))
  const ended = once(child, 'close').then((end) => [...(end as unknown[]), said])
  return { child, url: `http://127.0.0.1:${Number(port)}`, ended }
}

/** Its status, or how it failed. */
async function statusOf(url: string, agent?: Agent): Promise<number | string> {
  return new Promise((resolve) => {
    get(url, { agent: agent ?? false }, (response) => {
      response.on('error', (error) => resolve(error.message))
      response.resume().on('end', () => resolve(response.statusCode ?? 0))
    }).on('error', (error) => resolve(error.message))
  })
}

test('a process that is told to end under load refuses and loses nothing, and ends by itself', async () => {
  const { child, url, ended } = await run({ readyDelayMs: 2_000, timeoutMs: 10_000 })
  const agent = new Agent({ keepAlive: true })
  onTestFinished(() => agent.destroy())
  const statuses: Promise<number | string>[] = []
  const loadFor = async (ms: number) => {
    const startedAt = performance.now()
    for (let sent = 0; sent * 5 < ms; sent++) {
      statuses.push(statusOf(`${url}/work`, sent % 2 === 0 ? agent : undefined))
      await pause(Math.max(0, startedAt + sent * 5 - performance.now()))
    }
  }
  await loadFor(100)
  child.kill('SIGTERM')
  const unready = loadFor(400)
  while ((await statusOf(`${url}/readyz`)) === 200) await pause(5)
  expect(await statusOf(`${url}/livez`)).toBe(200)
  await unready
  const all = await Promise.all(statuses)
  expect([all.length, all.filter((status) => status !== 200)]).toEqual([100, []])
  expect(await ended).toEqual(ENDED)
})

test('a second signal cuts what hangs, and the process ends by itself', async () => {
  const { child, url, ended } = await run({ readyDelayMs: 60_000, timeoutMs: 120_000 })
  const hanging = statusOf(`${url}/hang`)
  child.kill('SIGTERM')
  while ((await statusOf(`${url}/readyz`)) === 200) await pause(5)
  child.kill('SIGTERM')
  expect(await hanging).toMatch(/socket hang up|ECONNRESET/)
  expect(await ended).toEqual(ENDED)
})
