import { EventEmitter, once } from 'node:events'
import { opossumBreaker } from '@svcproxy/breaker-opossum'
import { CircuitOpenError, createServiceProxy, factoryProvider, ServiceTimeoutError } from '@svcproxy/core'
import { describe, expect, onTestFinished, test } from 'vitest'

function setUp({ fallback, timeoutMs = 5_000 }: { fallback?: EventEmitter; timeoutMs?: number } = {}) {
  const emitter = new EventEmitter()
  const proxy = createServiceProxy<EventEmitter>({
    name: 'events',
    provider: factoryProvider('events', {
      create: () => emitter,
      dispose: (it) => void it.removeAllListeners(),
    }),
    breaker: opossumBreaker(),
    circuit: { failureThreshold: 2 },
    timeoutMs,
    ...(fallback === undefined ? {} : { fallback: () => fallback }),
  })
  onTestFinished(() => proxy.stop())
  return { emitter, proxy, events: proxy.service }
}

describe('an EventEmitter, guarded', () => {
  test('is listened to and emits, each answer a promise', async () => {
    const { proxy, events } = setUp()
    const heard: number[] = []
    await events.on('ready', (id: number) => heard.push(id))
    const anybody: boolean = await events.emit('ready', 7)
    const count: number = await events.listenerCount('ready')
    expect([heard, anybody, count]).toEqual([[7], true, 1])
    expect(Object.keys(proxy.getMetrics().latency)).toEqual(['$get', 'on', 'emit', 'listenerCount'])
  })

  test('a listener that throws is a failure of the call that emits, and opens the circuit', async () => {
    const { events } = setUp()
    await events.on('ready', () => {
      throw new Error('not ready at all')
    })
    for (let failure = 0; failure < 2; failure++) {
      await expect(events.emit('ready')).rejects.toThrow('not ready at all')
    }
    await expect(events.emit('ready')).rejects.toBeInstanceOf(CircuitOpenError)
  })

  test('to wait for an event ends at the deadline, and leaves no listener behind', async () => {
    const { emitter, proxy } = setUp({ timeoutMs: 50 })
    await proxy.get()
    const ready = proxy.call((it, { signal }) => once(it, 'ready', { signal }))
    expect(emitter.listenerCount('ready')).toBe(1)
    await expect(ready).rejects.toBeInstanceOf(ServiceTimeoutError)
    await expect.poll(() => emitter.listenerCount('ready')).toBe(0)
  })

  test('another emitter takes over when it fails', async () => {
    const substitute = new EventEmitter().on('error', () => undefined)
    const { events } = setUp({ fallback: substitute })
    expect(await events.emit('error', new Error('nobody listens'))).toBe(true)
  })

  test('is left without listeners by its end', async () => {
    const { emitter, proxy, events } = setUp()
    await events.on('ready', () => undefined)
    await proxy.stop()
    expect(emitter.listenerCount('ready')).toBe(0)
  })

  test('what is no method of it is told by its name', async () => {
    const { events } = setUp()
    const missing = Reflect.get(events, 'fire') as () => Promise<unknown>
    await expect(missing()).rejects.toThrow("'fire' is not a method of service 'events'")
    expect(() => Object.assign(events, { silent: true })).toThrow(
      "The guarded service 'events' is read-only; get the service itself with proxy.get()",
    )
  })
})
