import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { Balancer } from './balancer.ts'

/** A server that answers with its name. */
async function listening(name: string) {
  const server = createServer((_, response) => response.end(name)).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  return { server, port: (server.address() as AddressInfo).port }
}

const ask = async (url: string): Promise<string> =>
  (await fetch(url, { headers: { Connection: 'close' } })).text().catch(() => 'cut')

async function askTimes(url: string, count: number): Promise<string[]> {
  const names: string[] = []
  for (let index = 0; index < count; index++) names.push(await ask(url))
  return names
}

test('each connection goes to the next one', async () => {
  const servers = [await listening('a'), await listening('b'), await listening('c')]
  await using balancer = await Balancer.start(
    0,
    servers.map(({ port }) => port),
  )
  expect(await askTimes(balancer.url, 7)).toEqual(['a', 'b', 'c', 'a', 'b', 'c', 'a'])
})

test('one that nobody listens on is passed by', async () => {
  const [a, b] = [await listening('a'), await listening('b')]
  await using balancer = await Balancer.start(0, [a.port, b.port])
  a.server.close()
  await once(a.server, 'close')
  expect(await askTimes(balancer.url, 4)).toEqual(['b', 'b', 'b', 'b'])
})

test('nobody listens: the client is hung up on', async () => {
  await using balancer = await Balancer.start(0, [1, 2])
  await expect(ask(balancer.url)).rejects.toThrow('fetch failed')
})

test('disposed, it cuts what is open', async () => {
  const silent = createServer().listen(0, '127.0.0.1')
  const asked = once(silent, 'request')
  onTestFinished(() => void silent.close())
  await once(silent, 'listening')
  const balancer = await Balancer.start(0, [(silent.address() as AddressInfo).port])
  const cut = expect(ask(balancer.url)).rejects.toThrow('fetch failed')
  await asked
  await balancer[Symbol.asyncDispose]()
  await cut
})
