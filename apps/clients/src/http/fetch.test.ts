import { opossumBreaker } from '@svcproxy/breaker-opossum'
import { callSignal, createServiceProxy, factoryProvider, ServiceTimeoutError } from '@svcproxy/core'
import { Agent } from 'undici'
import { describe, expect, onTestFinished, test } from 'vitest'
import { clientContract } from './client-contract.ts'
import { httpUpstream, sendJson } from './upstream.ts'

interface Vehicle {
  readonly id: string
}

/** As applications write them, around Node's own `fetch`. With an agent of its own, its connections end with it. */
class Fleet {
  readonly url: string
  readonly #dispatcher = new Agent()

  constructor(url: string) {
    this.url = url
  }

  async vehicle(id: string, signal: AbortSignal | undefined = callSignal()): Promise<Vehicle> {
    const init = { dispatcher: this.#dispatcher, signal: signal ?? null }
    const response = await fetch(`${this.url}/vehicles/${id}`, init)
    if (!response.ok) throw new Error(`The fleet service answered ${response.status}`)
    return (await response.json()) as Vehicle
  }

  /** Asks for the signal when it is too late. */
  async vehicleLate(id: string): Promise<Vehicle> {
    await Promise.resolve()
    return this.vehicle(id, callSignal())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dispatcher.destroy()
  }
}

const upstream = () => httpUpstream((_request, response) => sendJson(response, { id: 'v1' }))

clientContract('fetch in a class', {
  breaker: opossumBreaker(),
  upstream,
  connect: (url) => new Fleet(url),
  disconnect: (fleet) => fleet[Symbol.asyncDispose](),
  isWell: async (fleet, signal) => (await fleet.vehicle('any', signal)).id !== '',
  call: async (fleet) => {
    const { id } = await fleet.vehicle('v1')
    return id
  },
  method: 'vehicle',
  answer: 'v1',
})

describe('fetch in a class, guarded', () => {
  async function setUp(timeoutMs = 5_000) {
    const server = await upstream()
    const proxy = createServiceProxy({
      name: 'fleet',
      provider: factoryProvider('fleet', { create: () => new Fleet(server.url) }),
      breaker: opossumBreaker(),
      circuit: { failureThreshold: 1 },
      timeoutMs,
    })
    onTestFinished(async () => {
      await proxy.stop({ timeoutMs: 0 })
      await server[Symbol.asyncDispose]()
    })
    return { server, proxy, fleet: proxy.service }
  }

  test('a signal that is asked for after the first await is none: the request goes on', async () => {
    const { server, proxy, fleet } = await setUp(200)
    server.behaviour = 'hang'
    await expect(fleet.vehicleLate('v1')).rejects.toBeInstanceOf(ServiceTimeoutError)
    expect(proxy.getCounts().abandonedCalls).toBe(1)
    server.answerHung()
    await expect.poll(() => proxy.getCounts().abandonedCalls).toBe(0)
    expect(server.cutAt).toEqual([])
  })

  test('the signal of the caller ends the request, too, and is no failure of the service', async () => {
    const { server, proxy } = await setUp()
    server.behaviour = 'hang'
    const leaving = new AbortController()
    const asked = proxy.serviceWith({ signal: leaving.signal }).vehicle('v1')
    await expect.poll(() => server.requests.length).toBe(1)
    leaving.abort(new Error('the browser was closed'))
    await expect(asked).rejects.toThrow('the browser was closed')
    await expect.poll(() => server.cutAt.length).toBe(1)
    expect(proxy.getCounts().abortedRequests).toBe(1)
    expect(proxy.circuitState).toBe('closed')
  })

  test('a value of the class is no method, and the error says how to read it', async () => {
    const { proxy } = await setUp()
    const url = Reflect.get(proxy.service, 'url') as () => Promise<unknown>
    expect(() => `${String(url)}/x`).toThrow(
      "'url' of the guarded service 'fleet' has no value; read a property with proxy.call((service) => service.url)",
    )
    await expect(url()).rejects.toThrow(
      "'url' is not a method of service 'fleet'; read a property with proxy.call((service) => service.url)",
    )
  })
})
