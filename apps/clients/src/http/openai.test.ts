import { nativeBreaker } from '@svcproxy/breaker-native'
import { createServiceProxy, factoryProvider, ServiceTimeoutError } from '@svcproxy/core'
import OpenAI from 'openai'
import { Agent } from 'undici'
import { describe, expect, onTestFinished, test } from 'vitest'
import { clientContract } from './client-contract.ts'
import { httpUpstream, sendJson } from './upstream.ts'

const QUESTION = { model: 'small', messages: [{ role: 'user' as const, content: 'Hi' }] }

/** One that streams sends `Hel`, `lo` and, unless it is to be left open, its end. */
const upstream = ({ endless = false } = {}) =>
  httpUpstream((_request, response, body) => {
    if (!body.includes('"stream":true')) {
      sendJson(response, { id: 'c1', choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' } }] })
      return
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const content of ['Hel', 'lo']) {
      response.write(`data: ${JSON.stringify({ id: 'c1', choices: [{ index: 0, delta: { content } }] })}\n\n`)
    }
    if (!endless) response.end('data: [DONE]\n\n')
  })

const agents = new WeakMap<OpenAI, Agent>()

function connect(url: string, maxRetries = 0): OpenAI {
  const dispatcher = new Agent()
  const client = new OpenAI({ apiKey: 'sk-x', baseURL: `${url}/v1`, maxRetries, fetchOptions: { dispatcher } })
  agents.set(client, dispatcher)
  return client
}

async function disconnect(client: OpenAI): Promise<void> {
  await agents.get(client)?.destroy()
}

clientContract('OpenAI', {
  breaker: nativeBreaker(),
  upstream,
  connect,
  disconnect,
  isWell: async (client, signal) => (await client.models.list({ signal })).data !== null,
  call: async (client) => {
    const { choices } = await client.chat.completions.create(QUESTION)
    return choices[0]?.message.content
  },
  method: 'chat.completions.create',
  answer: 'Hello',
  cancellable: (proxy) => proxy.call((client, { signal }) => client.chat.completions.create(QUESTION, { signal })),
})

describe('OpenAI, guarded', () => {
  async function setUp({ endless = false, maxRetries = 0, timeoutMs = 5_000 } = {}) {
    const server = await upstream({ endless })
    const proxy = createServiceProxy({
      name: 'model',
      provider: factoryProvider('model', { create: () => connect(server.url, maxRetries), dispose: disconnect }),
      breaker: nativeBreaker(),
      timeoutMs,
      disposeGraceMs: 0,
    })
    onTestFinished(async () => {
      await proxy.stop({ timeoutMs: 0 })
      await server[Symbol.asyncDispose]()
    })
    return { server, proxy, model: proxy.service }
  }

  test('a stream is read from what the call returns, and holds its client until it has been read', async () => {
    const { server, proxy, model } = await setUp({ endless: true })
    const stream = await model.chat.completions.create({ ...QUESTION, stream: true })
    proxy.invalidateCache()
    await proxy.get()
    const parts: (string | null | undefined)[] = []
    for await (const { choices } of stream) {
      parts.push(choices[0]?.delta.content)
      if (parts.length === 2) break
    }
    expect(parts).toEqual(['Hel', 'lo'])
    await expect.poll(() => server.openConnections()).toBe(0)
  })

  test('a stream outlives the deadline of its call; under it, it is read inside of the call', async () => {
    const { server, proxy } = await setUp({ endless: true, timeoutMs: 200 })
    const text = proxy.call(async (client, { signal }) => {
      const parts: string[] = []
      const stream = await client.chat.completions.create({ ...QUESTION, stream: true }, { signal })
      for await (const { choices } of stream) parts.push(choices[0]?.delta.content ?? '')
      return parts.join('')
    })
    await expect(text).rejects.toBeInstanceOf(ServiceTimeoutError)
    await expect.poll(() => server.cutAt.length).toBe(1)
  })

  test('its own retries are part of one call, under one deadline', async () => {
    const { server, proxy, model } = await setUp({ maxRetries: 2, timeoutMs: 5_000 })
    server.behaviour = 'fail'
    await expect(model.chat.completions.create(QUESTION)).rejects.toHaveProperty('status', 503)
    expect(server.requests).toHaveLength(3)
    expect(proxy.getCounts().failedRequests).toBe(1)
  })

  test('withResponse() is for the promise of the client; inside one call it is there', async () => {
    const { proxy, model } = await setUp()
    const answer = model.chat.completions.create(QUESTION)
    expect(() => answer.withResponse()).toThrow('answer.withResponse is not a function')
    expect((await answer).id).toBe('c1')
    expect(() => model.chat.completions.create(QUESTION).withResponse()).toThrow(
      "'chat.completions.create' of the guarded service 'model' returns a plain promise; use the other methods of " +
        "the client's own promise inside one call: proxy.call((service) => …)",
    )
    const { response, data } = await proxy.call((client, { signal }) =>
      client.chat.completions.create(QUESTION, { signal }).withResponse(),
    )
    expect([response.status, data.id]).toEqual([200, 'c1'])
  })

  test('a value of it is no method, and the error says how to read it', async () => {
    const { model } = await setUp()
    const baseUrl: unknown = Reflect.get(model, 'baseURL')
    expect(() => `${baseUrl as string}/x`).toThrow(
      "'baseURL' of the guarded service 'model' has no value; read a property with proxy.call((service) => service.baseURL)",
    )
  })
})
