import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { factoryProvider, ServiceProxyManager } from '@svcproxy/core'
import { plainBreaker } from '@svcproxy/testing'
import { expect, onTestFinished, test } from 'vitest'
import { bodyReader, managementEndpoints, type ManagementOptions } from '../index.ts'
import type { ActionResult, Snapshot } from './snapshot.ts'

/** The API on a real server, as a binding would put it there. */
async function serve(options: Partial<ManagementOptions<IncomingMessage>> = {}, isParsed = false) {
  const manager = new ServiceProxyManager({ breaker: plainBreaker }).add('fleet', {
    provider: factoryProvider('fleet', { create: () => ({ ask: () => 1 }) }),
  })
  onTestFinished(() => manager.stop())
  const endpoint = managementEndpoints(manager, {
    authorize: ({ headers }: IncomingMessage) =>
      headers.authorization === 'Bearer alice' ? { actor: 'alice' } : 'unauthenticated',
    readOnly: false,
    ...options,
  })
  const server = createServer((message, response) => void answerTo(message, response))

  async function answerTo(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '', headers } = message
    const [path = '', query = ''] = url.split('?')
    const parsed: unknown = isParsed ? JSON.parse((await text(message)) || '{}') : undefined
    const readBody = bodyReader(message, parsed)
    const answer = await endpoint({ method, path, query, headers, readBody, original: message })
    if (answer === undefined) response.writeHead(418).end()
    else response.writeHead(answer.status, answer.headers).end(method === 'HEAD' ? undefined : answer.body)
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(`${url}${path}`, { headers: { authorization: 'Bearer alice', ...headers } })
  const post = (path: string, body: string, headers: Record<string, string> = {}) =>
    fetch(`${url}${path}`, { method: 'POST', body, headers: { ...ALICE, ...headers } })
  return { get, manager, port, post, url }
}

const ALICE = { authorization: 'Bearer alice', 'content-type': 'application/json', 'x-svcproxy-action': '1' }
const CACHE = '/api/services/fleet/cache'
const INVALIDATE = '{"action":"invalidate"}'

/** JSON of exactly this many bytes. */
const padded = (bytes: number) => INVALIDATE.padEnd(bytes, ' ')

test('a service is seen, isolated, found refusing and released again', async () => {
  const { get, manager, post } = await serve()
  await manager.services.fleet.ask()
  const seen = (await (await get('/api/snapshot')).json()) as Snapshot
  expect(seen.services).toMatchObject([{ name: 'fleet', status: 'pass', counts: { totalRequests: 1 } }])
  const isolated = await post('/api/services/fleet/circuit', '{"action":"isolate"}')
  expect((await isolated.json()) as ActionResult).toMatchObject({ services: [{ circuit: { state: 'isolated' } }] })
  await expect(manager.services.fleet.ask()).rejects.toThrow('does not admit')
  expect((await post('/api/services/fleet/circuit', '{"action":"release"}')).status).toBe(200)
  await manager.services.fleet.ask()
  expect(await (await get('/api/events?after=1')).json()).toMatchObject({
    lastId: 4,
    events: [{ type: 'circuit' }, { action: 'release', actor: 'alice' }, { type: 'circuit', to: 'closed' }],
  })
})

test('a snapshot that has not changed is not sent again, and a look without a body is none', async () => {
  const { get, url } = await serve()
  const first = await get('/api/snapshot')
  const etag = first.headers.get('etag') ?? ''
  await first.text()
  const again = await get('/api/snapshot', { 'if-none-match': etag })
  expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', etag])
  const head = await fetch(`${url}/api/snapshot`, { method: 'HEAD', headers: { authorization: 'Bearer alice' } })
  expect([head.status, await head.text(), head.headers.get('etag')]).toEqual([200, '', etag])
})

test('nobody is told anything without credentials, and other paths are not touched', async () => {
  const { get, post } = await serve()
  const answer = await get('/api/snapshot', { authorization: '' })
  expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
  expect(await answer.text()).not.toContain('fleet')
  expect((await post(CACHE, INVALIDATE, { authorization: 'Bearer mallory' })).status).toBe(401)
  expect((await get('/')).status).toBe(418)
})

test('the read-only default says over the wire that no method is allowed', async () => {
  const { post } = await serve({ readOnly: true })
  const answer = await post(CACHE, INVALIDATE)
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, ''])
})

test.for([false, true])('8 kB are allowed and one byte more is not; read by a parser before: %s', async (isParsed) => {
  const { manager, post, url } = await serve({}, isParsed)
  expect((await post(CACHE, padded(8_192))).status).toBe(200)
  expect((await post(CACHE, padded(8_193))).status).toBe(413)
  expect(await sendChunked(url, [padded(8_192)])).toBe(200)
  // What a parser has read without being told its length can only be judged by what is left of it.
  const long = isParsed ? `{"action":"${'x'.repeat(8_192)}"}` : padded(8_193)
  expect(await sendChunked(url, [long.slice(0, 5_000), long.slice(5_000)])).toBe(413)
  expect(manager.getProxy('fleet').getCounts().invalidations).toBe(2)
})

test('headers that are sent twice open nothing', async () => {
  const { manager, port } = await serve()
  const send = async (...headers: string[]) => {
    const socket = connect(port, '127.0.0.1')
    const lines = [
      `POST ${CACHE} HTTP/1.1`,
      'Authorization: Bearer alice',
      'Connection: close',
      `Content-Length: ${INVALIDATE.length}`,
      ...headers,
    ]
    socket.write(`${lines.join('\r\n')}\r\n\r\n${INVALIDATE}`)
    return /^HTTP\/1\.1 (\d+)/.exec(await text(socket))?.[1]
  }
  const own = ['Host: ops', 'Content-Type: application/json', 'X-Svcproxy-Action: 1']
  expect(await send(...own, 'X-Svcproxy-Action: 1')).toBe('403')
  expect(await send(...own, 'Sec-Fetch-Site: same-origin', 'Sec-Fetch-Site: cross-site')).toBe('403')
  expect(await send(...own, 'Sec-Fetch-Site: cross-site', 'Sec-Fetch-Site: same-origin')).toBe('403')
  expect(await send(...own, 'Origin: http://ops', 'Origin: http://evil')).toBe('403')
  expect(await send(...own, 'Origin: http://evil', 'Origin: http://ops')).toBe('403')
  expect(await send(...own, 'Content-Encoding: identity', 'Content-Encoding: gzip')).toBe('415')
  expect(manager.getProxy('fleet').getCounts().invalidations).toBe(0)
  expect(await send(...own, 'Origin: http://ops')).toBe('200')
})

test.for([
  '/api/services/%2e%2e',
  '/api/services/%00',
  '/api/services/fleet%2fcache',
  `/api/services/${'x'.repeat(10_000)}`,
])('a name that no service can have is not found: %s', async (path) => {
  const { port } = await serve()
  // By hand: fetch would tidy the path up.
  const sent = request({ port, host: '127.0.0.1', path, headers: ALICE })
  sent.end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  expect(response.statusCode).toBe(404)
  expect(await text(response)).not.toMatch(/xxx|%|\.\./)
})

async function sendChunked(url: string, chunks: readonly string[]): Promise<number | undefined> {
  const sent = request(`${url}${CACHE}`, { method: 'POST', headers: { ...ALICE, 'transfer-encoding': 'chunked' } })
  for (const chunk of chunks) sent.write(chunk)
  sent.end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  response.resume()
  return response.statusCode
}
