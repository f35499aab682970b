import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { deferred } from '../test/deferred.ts'
import { operated, serve } from '../test/operated-process.ts'
import { type RunOptions, svcproxy } from '../test/svcproxy.ts'
import { runCli } from './index.ts'

const TOKEN = 'tok-3n-0f-th3-op3rat0r'

test('status shows all services, and ends with 0 while all is well', async () => {
  const { url } = await operated()
  const { code, out, err } = await svcproxy(['status', url])
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out).toMatch(/^PASS {2}production · instance a1b2c3d4 · up \d+s\n/)
  expect(out).toMatch(/^fleet .*● closed/m)
  expect(out).toMatch(/^plain .*– none/m)
})

test('status ends with 1 when a circuit is open, and shows the last error', async () => {
  const app = await operated()
  await app.breakFleet()
  const { code, out } = await svcproxy(['status', app.url])
  expect(code).toBe(1)
  expect(out).toMatch(/^WARN /)
  expect(out).toMatch(/^fleet .*○ open.*ago ECONNREFUSED: Error: it is down$/m)
})

test('status ends with 1 when a critical service is unhealthy', async () => {
  const app = await operated()
  app.behaviour.healthy = false
  await app.manager.getProxy('flags').checkHealth()
  const { code, out } = await svcproxy(['status', app.url])
  expect(code).toBe(1)
  expect(out).toMatch(/^FAIL /)
  expect(out).toMatch(/^flags .*failed!/m)
})

test('status of a service shows its settings, methods and events', async () => {
  const app = await operated()
  await svcproxy(['status', app.url]) // events are kept from the time the API is there
  await app.breakFleet()
  const { code, out } = await svcproxy(['status', app.url, 'fleet'])
  expect(code).toBe(1)
  expect(out).toContain('last error: ECONNREFUSED: Error: it is down')
  expect(out).toMatch(/^circuit\nnext trial in \d+s$/m)
  expect(out).toMatch(/^circuit\.failureThreshold 2$/m)
  expect(out).toMatch(/^maxConcurrentCalls unlimited$/m)
  expect(out).toMatch(/^ask +2 /m)
  expect(out).toMatch(/fleet {2}circuit closed → open$/m)
  expect(out).not.toMatch(/^flags /m)
})

test('status shows retries that were denied and who waits; of one service also why', async () => {
  const app = await operated()
  const answered = deferred()
  let fails = true
  const orders = app.addOrders(async () => {
    if (fails) throw new Error('no')
    await answered.promise
    return 'answer'
  })
  await svcproxy(['status', app.url]) // events are kept from the time the API is there
  await orders.ask().catch(() => undefined)
  fails = false
  const calls = [orders.ask(), orders.ask()]
  await app.clock.settle()
  const all = await svcproxy(['status', app.url])
  expect(all.out).toMatch(/^service .* retry {2}denied {2}queue +wait /m)
  expect(all.out).toMatch(/^orders .* 0 {7}1 {4}1\/2 {6}– /m)
  expect(all.out).toMatch(/^fleet .* – {7}– {6}– {6}– /m)
  const { out } = await svcproxy(['status', app.url, 'orders'])
  expect(out).toMatch(
    /^retries\n0 answered, 0 failed, 1 denied\nin the last ten seconds 0 for \d calls; the budget has none left\n$/m,
  )
  expect(out).toMatch(/^queue\n1 of 2 waiting$/m)
  expect(out).toMatch(/orders {2}retry budget used up$/m)
  for (const line of ['requestTimeoutMs unlimited', 'maxQueuedCalls 2', 'retry.attempts 3', 'retryBudget.ratio 0']) {
    expect(out.split('\n')).toContain(line)
  }
  expect(out).toMatch(/^methods\.ask\.retry\.attempts 3$/m)
  const other = await svcproxy(['status', app.url, 'fleet'])
  expect(other.out).not.toMatch(/^(retries|queue)$|denied|waiting/m)
  answered.resolve()
  await Promise.all(calls)
  app.clock.advance(2_000)
  expect((await svcproxy(['status', app.url, 'orders'])).out).toMatch(/^0 of 2 waiting\n1 have waited: p50 .*$/m)
})

test('status of a service ends with 0 when that service is well, whatever the others are', async () => {
  const app = await operated()
  await app.breakFleet()
  expect((await svcproxy(['status', app.url, 'flags'])).code).toBe(0)
})

test('--json prints what the API answers', async () => {
  const app = await operated()
  const { code, out } = await svcproxy(['status', app.url, '--json'])
  const snapshot: unknown = JSON.parse(out)
  expect(code).toBe(0)
  expect(snapshot).toMatchObject({ version: 1, status: 'pass', services: [{ name: 'fleet' }, {}, {}] })
  expect(out).toContain('\n  "version": 1,\n')
  const sheet: unknown = JSON.parse((await svcproxy(['status', app.url, 'fleet', '--json'])).out)
  expect(sheet).toMatchObject({ name: 'fleet', settings: { circuit: { failureThreshold: 2 } } })
  const result: unknown = JSON.parse((await svcproxy(['reset', app.url, 'fleet', '--json'])).out)
  expect(result).toMatchObject({ action: 'reset', services: [{ name: 'fleet' }] })
})

test('invalidate empties the cache of a service', async () => {
  const app = await operated()
  await app.manager.services.fleet.ask()
  await app.manager.services.flags.ask()
  const { code, out } = await svcproxy(['invalidate', app.url, 'fleet'])
  expect(code).toBe(0)
  expect(out).toContain('The cache of fleet is empty')
  expect(app.manager.getProxy('fleet').getStatus().cache.state).toBe('empty')
  expect(app.manager.getProxy('flags').getStatus().cache.state).toBe('fresh')
})

test('invalidate --all empties all caches', async () => {
  const app = await operated()
  await app.manager.services.fleet.ask()
  await app.manager.services.flags.ask()
  const { code, out } = await svcproxy(['invalidate', '--all', app.url])
  expect(code).toBe(0)
  expect(out).toContain('The cache of every service is empty')
  expect(app.manager.getProxy('fleet').getStatus().cache.state).toBe('empty')
  expect(app.manager.getProxy('flags').getStatus().cache.state).toBe('empty')
})

test('reset closes a circuit, and ends with 0: the action was done', async () => {
  const app = await operated()
  await app.breakFleet()
  const { code, out } = await svcproxy(['reset', app.url, 'fleet'])
  expect(code).toBe(0)
  expect(out).toMatch(/^fleet .*● closed/m)
  expect(app.manager.getProxy('fleet').circuitState).toBe('closed')
})

test('isolate holds a circuit open, until release', async () => {
  const app = await operated()
  const isolated = await svcproxy(['isolate', app.url, 'fleet'])
  expect(isolated.code).toBe(0)
  expect(isolated.out).toContain('The circuit of fleet is held open until it is released.')
  expect(isolated.out).toMatch(/^fleet .*■ isolated/m)
  expect(app.manager.getProxy('fleet').circuitState).toBe('isolated')
  const released = await svcproxy(['release', app.url, 'fleet'])
  expect(released.code).toBe(0)
  expect(released.out).toContain('The circuit of fleet is released.')
  expect(app.manager.getProxy('fleet').circuitState).not.toBe('isolated')
})

test('an action says which process did it', async () => {
  const app = await operated({ instanceId: 'web 1/ä\u001b[2J' })
  const done = String.raw`Done by instance web 1/ä\u001b[2J.`
  for (const command of ['invalidate', 'reset', 'isolate', 'release']) {
    expect((await svcproxy([command, app.url, 'fleet'])).out.split('\n')).toContain(done)
  }
})

test('release says so when the application itself holds the circuit open', async () => {
  const app = await operated()
  using _held = app.manager.getProxy('fleet').isolateCircuit()
  const { code, out } = await svcproxy(['release', app.url, 'fleet'])
  expect(code).toBe(0)
  expect(out).toContain('The circuit of fleet is still isolated by the application itself.')
})

test('health of a service asks it now', async () => {
  const app = await operated()
  await app.manager.services.fleet.ask() // what was never loaded is not asked
  const well = await svcproxy(['health', app.url, 'fleet'])
  expect({ code: well.code, out: well.out }).toEqual({
    code: 0,
    out: 'fleet is healthy.\nChecked by instance a1b2c3d4.\n',
  })
  app.behaviour.healthy = false
  app.clock.advance(1_000) // a result is good for so long
  const unwell = await svcproxy(['health', app.url, 'fleet'])
  expect({ code: unwell.code, out: unwell.out }).toEqual({
    code: 1,
    out: 'fleet is unhealthy.\nChecked by instance a1b2c3d4.\n',
  })
})

test('health of all services shows the last checks, and asks nobody', async () => {
  const app = await operated()
  await app.manager.services.fleet.ask()
  app.behaviour.healthy = false
  const unchecked = await svcproxy(['health', app.url])
  expect(unchecked.code).toBe(0)
  expect(unchecked.out).toMatch(/^fleet +– +– +no$/m)
  await app.manager.getProxy('fleet').checkHealth()
  const checked = await svcproxy(['health', app.url])
  expect(checked.code).toBe(1)
  expect(checked.out).toMatch(/^fleet +failed +\S+ +no$/m)
})

test('the URL may come from the environment', async () => {
  const { url } = await operated()
  const { code, out } = await svcproxy(['status', 'flags'], { env: { SVCPROXY_URL: url } })
  expect(code).toBe(0)
  expect(out).toMatch(/^flags /m)
})

test('the token goes into the header and nowhere else', async () => {
  const app = await operated({
    authorize: ({ headers }) => headers.authorization === `Bearer ${TOKEN}` || 'unauthenticated',
  })
  const env = { SVCPROXY_TOKEN: TOKEN }
  for (const argv of [['status'], ['status', 'fleet'], ['health', 'fleet'], ['isolate', 'fleet'], ['reset', '--all']]) {
    const [command = '', ...rest] = argv
    const { out, err } = await svcproxy([command, app.url, ...rest], { env })
    expect(out + err).not.toContain(TOKEN)
  }
  expect((await svcproxy(['status', app.url], { env })).code).toBe(1) // isolated above, so the token was taken
  for (const { url, headers, rawHeaders } of app.seen) {
    expect(url).not.toContain(TOKEN)
    expect(headers.authorization).toBe(`Bearer ${TOKEN}`)
    expect(rawHeaders.filter((text) => text.includes(TOKEN))).toHaveLength(1)
  }
})

test('a server that repeats the token in its refusal does not bring it onto the screen', async () => {
  const { url } = await serve((request, response) => {
    const detail = `No: ${request.headers.authorization}`
    response.writeHead(422, { 'Content-Type': 'application/problem+json' }).end(JSON.stringify({ detail }))
  })
  const { code, err } = await svcproxy(['isolate', url, 'fleet'], { env: { SVCPROXY_TOKEN: TOKEN } })
  expect(code).toBe(2)
  expect(err).toBe('svcproxy: 422: No: Bearer … Nothing was done.\n')
})

test('an error that repeats the token does not bring it onto the screen', async () => {
  const app = await operated()
  app.behaviour.message = `Unauthorized: ${TOKEN}`
  await app.breakFleet()
  for (const argv of [['status'], ['status', 'fleet'], ['status', '--json'], ['reset', 'fleet', '--json']]) {
    const [command = '', ...rest] = argv
    const { out } = await svcproxy([command, app.url, ...rest], { env: { SVCPROXY_TOKEN: TOKEN } })
    expect(out).toContain('Unauthorized: …')
    expect(out).not.toContain(TOKEN)
  }
})

test('plain http to another machine is refused before anything is sent', async () => {
  const { code, out, err } = await svcproxy(['status', 'http://192.0.2.1/ops'], { env: { SVCPROXY_TOKEN: TOKEN } })
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(err).toContain('plain http to another machine')
})

test('credentials in the URL are refused and not repeated', async () => {
  const { code, err } = await svcproxy(['status', 'https://ops:s3cr3t@app.internal'])
  expect(code).toBe(2)
  expect(err).toContain('contains credentials')
  expect(err).not.toContain('s3cr3t')
})

test('what cannot be reached ends with 2 and the reason', async () => {
  const { url, stop } = await operated()
  await stop()
  const { code, out, err } = await svcproxy(['status', url])
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(err).toMatch(
    /^svcproxy: http:\/\/127\.0\.0\.1:\d+ cannot be reached: connection refused \(ECONNREFUSED\)\.\n$/,
  )
})

test('what does not answer in time ends with 2; of an action it is not known whether it was done', async () => {
  const { url } = await serve(() => undefined)
  const status = await svcproxy(['status', url, '--timeout-ms', '50'])
  expect(status.code).toBe(2)
  expect(status.err).toContain('did not answer within 50 ms (--timeout-ms).\n')
  const isolate = await svcproxy(['isolate', url, 'fleet', '--timeout-ms=50'])
  expect(isolate.code).toBe(2)
  expect(isolate.err).toContain('It is not known whether the action was done')
})

test('an answer that breaks off ends with 2', async () => {
  const { url } = await serve((_request, response) => {
    response.writeHead(200, { 'Content-Length': '100' })
    response.write('{', () => response.destroy())
  })
  const { code, err } = await svcproxy(['status', url])
  expect(code).toBe(2)
  expect(err).toContain('cannot be reached')
})

test('an answer that is compressed is read, and one that breaks off in the middle of that ends with 2', async () => {
  const app = await operated()
  const packed = gzipSync(await (await fetch(`${app.url}/api/snapshot`)).text())
  let end = packed.length
  const { url } = await serve(({ headers }, response) => {
    expect(headers['accept-encoding']).toBe('gzip')
    response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(packed.subarray(0, end))
  })
  expect(await svcproxy(['status', url])).toMatchObject({ code: 0, out: expect.stringMatching(/^PASS /) })
  end /= 2
  const { code, err } = await svcproxy(['status', url])
  expect(code).toBe(2)
  expect(err).toContain('unexpected end of file')
})

test('401 without a token says where to put it, and with one that it is not accepted', async () => {
  const { url } = await operated({ authorize: () => 'unauthenticated' })
  const without = await svcproxy(['status', url])
  expect({ code: without.code, err: without.err }).toEqual({
    code: 2,
    err: 'svcproxy: 401: authentication is required. Set SVCPROXY_TOKEN.\n',
  })
  const withOne = await svcproxy(['status', url], { env: { SVCPROXY_TOKEN: TOKEN } })
  expect(withOne.code).toBe(2)
  expect(withOne.err).toContain('the token in SVCPROXY_TOKEN is not accepted')
})

test('403 says what is not allowed', async () => {
  const { url } = await operated({ authorize: (_request, access) => access === 'read' })
  expect((await svcproxy(['status', url])).code).toBe(0)
  const { code, err } = await svcproxy(['reset', url, 'fleet'])
  expect(code).toBe(2)
  expect(err).toBe(
    `svcproxy: 403: not allowed. The application's "authorize" does not let you act; nothing was done.\n`,
  )
})

test('404 tells an unknown service from an address without a management API', async () => {
  const { url } = await operated()
  const unknown = await svcproxy(['reset', url, 'flete'])
  expect(unknown.code).toBe(2)
  expect(unknown.err).toContain(`404: there is no service 'flete'.`)
  const nowhere = await svcproxy(['status', url.replace('/ops', '/elsewhere')])
  expect(nowhere.code).toBe(2)
  expect(nowhere.err).toContain('there is no management API at http://127.0.0.1')
})

test('405 says that the API is read-only and how to change that; reading still works', async () => {
  const app = await operated({ readOnly: true })
  const { code, err } = await svcproxy(['isolate', app.url, 'fleet'])
  expect(code).toBe(2)
  expect(err).toContain('405: the management API is read-only; nothing was done.')
  expect(err).toContain('readOnly: false')
  expect(app.manager.getProxy('fleet').circuitState).toBe('closed')
  const status = await svcproxy(['status', app.url])
  expect(status.code).toBe(0)
  expect(status.out).toContain('read-only')
})

test('422 gives the reason of the API', async () => {
  const { url } = await operated()
  const { code, err } = await svcproxy(['isolate', url, 'plain'])
  expect({ code, err }).toEqual({ code: 2, err: 'svcproxy: 422: The service has no circuit. Nothing was done.\n' })
})

test('503 is passed on with its reason', async () => {
  const { url } = await operated({ authorize: () => new Promise(() => undefined), authorizeTimeoutMs: 1 })
  const { code, err } = await svcproxy(['status', url])
  expect({ code, err }).toEqual({
    code: 2,
    err: 'svcproxy: 503: The application did not decide in time whether this is allowed.\n',
  })
})

test('a redirect is not followed, and what it carries is not shown', async () => {
  const elsewhere: string[] = []
  const other = await serve((request, response) => {
    elsewhere.push(request.url ?? '')
    response.end()
  })
  const { url } = await serve((_request, response) => {
    response.writeHead(302, { Location: `${other.url}/login?state=s3cr3t` }).end()
  })
  const { code, err } = await svcproxy(['status', url], { env: { SVCPROXY_TOKEN: TOKEN } })
  expect(code).toBe(2)
  expect(err).toContain(`redirects to ${other.url}/login. Redirects are not followed`)
  expect(err).not.toContain('s3cr3t')
  expect(elsewhere).toEqual([])
})

test.each([
  ['<html>Log in</html>', 'is not JSON'],
  ['{"hello":"world"}', 'not of a management API'],
  ['{"version":2}', 'has version 2'],
  ['[]', 'not of a management API'],
  ['null', 'not of a management API'],
])('an answer that is none of the API is refused: %s', async (body, reason) => {
  const { url } = await serve((_request, response) => void response.end(body))
  const { code, err } = await svcproxy(['status', url])
  expect(code).toBe(2)
  expect(err).toContain(reason)
})

test('a message with escape sequences does not control the terminal, in no form of the output', async () => {
  const app = await operated()
  app.behaviour.message = '\u001b[2J\u001b]0;owned\u0007\u009b2J\u202e'
  await app.breakFleet()
  for (const argv of [['status'], ['status', 'fleet'], ['status', '--json'], ['status', 'fleet', '--json']]) {
    const [command = '', ...rest] = argv
    const { out } = await svcproxy([command, app.url, ...rest], { columns: 200, env: { NO_COLOR: '1' } })
    expect(out.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
    expect(out).toContain('owned')
  }
})

test('a refusal with escape sequences does not control the terminal', async () => {
  const { url } = await serve((_request, response) => {
    response.writeHead(422, { 'Content-Type': 'application/problem+json' })
    response.end(JSON.stringify({ detail: '\u001b[2Jgone\r\n' }))
  })
  const { err } = await svcproxy(['reset', url, 'fleet'])
  expect(err.trimEnd()).not.toMatch(/[\p{Cc}\p{Cf}]/u)
})

test('colours are for terminals, unless NO_COLOR or FORCE_COLOR says otherwise', async () => {
  const { url } = await operated()
  const colours = async (options: RunOptions) => (await svcproxy(['status', url], options)).out.includes('\u001b[')
  expect(await colours({})).toBe(false)
  expect(await colours({ columns: 80 })).toBe(true)
  expect(await colours({ columns: 80, env: { NO_COLOR: '1' } })).toBe(false)
  expect(await colours({ columns: 80, env: { NO_COLOR: '' } })).toBe(true)
  expect(await colours({ columns: 80, env: { TERM: 'dumb' } })).toBe(false)
  expect(await colours({ env: { FORCE_COLOR: '1' } })).toBe(true)
  expect(await colours({ columns: 80, env: { FORCE_COLOR: '0' } })).toBe(false)
})

test('--help and --version end with 0; a wrong call ends with 2 and says what is wrong', async () => {
  const help = await svcproxy(['--help'])
  expect(help.code).toBe(0)
  for (const name of ['status', 'watch', 'invalidate', 'reset', 'isolate', 'release', 'health', 'SVCPROXY_TOKEN']) {
    expect(help.out).toContain(name)
  }
  expect(help.out).toMatch(/^ {2}--fleet +invalidate: in every process of the fleet$/m)
  expect((await svcproxy(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\S*\n$/)
  const wrong = await svcproxy(['isolate', 'https://app.internal'])
  expect({ code: wrong.code, out: wrong.out }).toEqual({ code: 2, out: '' })
  expect(wrong.err).toContain('isolate needs the name of a service')
})

test('help fits into 80 columns', async () => {
  const { out } = await svcproxy(['--help'])
  expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
})

test('an action that is interrupted says that its outcome is not known', async () => {
  const requested = deferred()
  const { url } = await serve(() => requested.resolve())
  const interrupting = new AbortController()
  let err = ''
  const done = runCli(
    ['isolate', url, 'fleet'],
    {},
    {
      stdout: { write: () => true },
      stderr: { write: (text) => (err += text) },
      interrupted: interrupting.signal,
    },
  )
  await requested.promise
  interrupting.abort()
  expect(await done).toBe(2)
  expect(err).toContain('Interrupted. It is not known whether the action was done')
})
