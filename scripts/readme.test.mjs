// The two applications of the README, as they stand there: started, asked, failed, stopped.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codeBlocks, linkModules } from './examples.mjs'
import { root } from './workspace.mjs'

const folder = join(root, 'temp/readme')
const examples = codeBlocks(readFileSync(join(root, 'README.md'), 'utf8')).filter(({ info }) => info === 'ts')
const running = []

beforeAll(() => {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  linkModules(folder)
})

afterAll(() => running.forEach((child) => child.kill('SIGKILL')))

describe.each(['express', 'koa'])('the %s example of the README', (framework) => {
  test('serves, opens its circuit when the service is gone, and ends when it is told to', async () => {
    const fleet = await listening(createServer((_, response) => response.end('{"id":"7","speedKmh":50}')))
    const app = await start(framework, `http://127.0.0.1:${fleet.address().port}`)

    const found = await fetch(`${app.url}/vehicles/7`)
    expect([found.status, await found.json()]).toEqual([200, { id: '7', speedKmh: 50 }])

    fleet.close()
    fleet.closeAllConnections()
    const statuses = []
    for (let request = 0; request < 6; request++) statuses.push((await fetch(`${app.url}/vehicles/7`)).status)
    expect(statuses).toEqual([500, 500, 500, 500, 500, 503])
    const refused = await fetch(`${app.url}/vehicles/7`)
    expect(refused.headers.get('retry-after')).toBe('10')
    expect(await refused.json()).toMatchObject({ status: 503, code: 'SVCPROXY_CIRCUIT_OPEN' })
    expect((await fetch(`${app.url}/readyz`)).status).toBe(200)

    const ended = once(app.child, 'exit')
    app.child.kill('SIGTERM')
    while ((await fetch(`${app.url}/readyz`)).status !== 503) await pause(5)
    expect((await fetch(`${app.url}/livez`)).status).toBe(200)
    app.child.kill('SIGTERM') // the second one does not wait
    expect(await ended).toEqual([0, null])
  })
})

/** The example in a process of its own, as soon as it answers. */
async function start(framework, fleetUrl) {
  const example = examples.find(({ code }) => code.includes(`from '${framework}'`))
  const file = join(folder, `${framework}.ts`)
  writeFileSync(file, example.code)
  const reserved = await listening(createServer())
  const { port } = reserved.address()
  reserved.close()
  await once(reserved, 'close')
  const child = spawn(process.execPath, ['--conditions=@svcproxy/source', file], {
    env: { ...process.env, PORT: String(port), FLEET_URL: fleetUrl, NODE_ENV: 'test' },
    stdio: ['ignore', 'inherit', 'ignore'],
  })
  running.push(child)
  const url = `http://127.0.0.1:${port}`
  while (child.exitCode === null) {
    const answer = await fetch(`${url}/livez`).catch(() => undefined)
    if (answer?.ok) return { child, url }
    await pause(20)
  }
  throw new Error(`The ${framework} example ended with ${child.exitCode}`)
}

async function listening(server) {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}
