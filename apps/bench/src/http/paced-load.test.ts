import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { pacedLoad } from './paced-load.ts'

/** Returns where it is. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  return `http://127.0.0.1:${port}/`
}

/** Node.js says the length of an answer that is given whole. */
const answer: RequestListener = (_req, res) => void res.end('{"id":7}')

test('no more is asked than was ordered, and all is answered', async () => {
  const url = await serve(answer)
  const result = await pacedLoad({ url, seconds: 0.2, requestsPerSecond: 1_000 })
  expect(result).toMatchObject({ non2xx: 0, errors: 0 })
  expect(result.requests).toBeGreaterThan(0)
  // The last tick may come a little late.
  expect(result.requestsPerSecond).toBeLessThanOrEqual(1_100)
  expect(result.p99Ms).toBeGreaterThanOrEqual(result.p50Ms)
})

test('a request that finds all connections busy has waited since it was due', async () => {
  const url = await serve((req, res) => void setTimeout(() => answer(req, res), 50))
  // 64 connections answer 1 280 a second: the more are asked, the longer the last ones wait, also on a busy machine.
  const { p50Ms, p99Ms } = await pacedLoad({ url, seconds: 0.6, requestsPerSecond: 2_000 })
  expect(p50Ms).toBeGreaterThan(45)
  expect(p99Ms).toBeGreaterThan(95)
})

test('answers that are no success are counted', async () => {
  const url = await serve((_req, res) => void res.writeHead(503, { 'content-length': 2 }).end('no'))
  const { requests, non2xx } = await pacedLoad({ url, seconds: 0.05, requestsPerSecond: 1_000 })
  expect(requests).toBeGreaterThan(0)
  expect(non2xx).toBe(requests)
})

test('every request is counted when connections are lost', async () => {
  const url = await serve((req) => void req.socket.destroy())
  const { requests, errors } = await pacedLoad({ url, seconds: 0.2, requestsPerSecond: 2_000 })
  expect(requests).toBe(0)
  expect(errors).toBeGreaterThan(64)
})

test('an answer that does not say its length is an error', async () => {
  const url = await serve((_req, res) => void res.write('{', () => res.end('}')))
  const { requests, errors } = await pacedLoad({ url, seconds: 0.05, requestsPerSecond: 1_000 })
  expect(requests).toBe(0)
  expect(errors).toBeGreaterThan(0)
})
