import { describe, expect, test } from 'vitest'
import { factoryProvider, ServiceProxyManager } from '../index.ts'
import { type AbortListener, type AbortSource, servicesFor, toAbortSignal } from '../adapter.ts'

const gone = new Error('gone')

/** The least that is a source. */
class Bell implements AbortSource {
  aborted = false
  reason: unknown
  readonly listeners = new Set<AbortListener>()
  addEventListener(_type: 'abort', listener: AbortListener): void {
    this.listeners.add(listener)
  }
  removeEventListener(_type: 'abort', listener: AbortListener): void {
    this.listeners.delete(listener)
  }
  ring(reason: unknown): void {
    this.aborted = true
    this.reason = reason
    for (const listener of this.listeners) listener.handleEvent()
  }
}

describe('the AbortSignal of a source', () => {
  test('is the signal itself, when it is one', () => {
    const { signal } = new AbortController()
    expect(toAbortSignal(signal)).toBe(signal)
  })

  test('aborts with the reason of the source, also when that aborted before', () => {
    const bell = new Bell()
    const signal = toAbortSignal(bell)
    expect(signal.aborted).toBe(false)
    bell.ring(gone)
    expect([signal.aborted, signal.reason]).toEqual([true, gone])
    expect(toAbortSignal(bell).reason).toBe(gone)
  })

  test('never aborts without a source', () => {
    expect(toAbortSignal(undefined).aborted).toBe(false)
  })
})

describe('a source that is no AbortSignal', () => {
  const hang = () => new Promise<never>(() => {})
  const setUp = () =>
    new ServiceProxyManager().add('desk', {
      provider: factoryProvider('desk', { create: () => ({ hang, ask: () => 'answer' }) }),
      fallback: () => ({ hang, ask: () => 'substitute' }),
    })

  test('ends the calls made with it, and keeps none of them afterwards', async () => {
    const bell = new Bell()
    const manager = setUp()
    const { desk } = servicesFor(manager, { signal: bell })
    await desk.ask()
    expect(bell.listeners.size).toBe(0)
    const hanging = desk.hang()
    expect(bell.listeners.size).toBe(1)
    bell.ring(gone)
    await expect(hanging).rejects.toBe(gone)
    await expect(desk.ask()).rejects.toBe(gone)
    expect(bell.listeners.size).toBe(0)
    expect(manager.getProxy('desk').getMetrics()).toMatchObject({
      abortedRequests: 2,
      successfulRequests: 1,
      inFlight: 0,
    })
    await manager.stop({ timeoutMs: 0 })
  })

  test('ends the wait for a load, too', async () => {
    const bell = new Bell()
    const manager = new ServiceProxyManager().add('desk', {
      provider: factoryProvider<{ ask(): void }>('desk', { create: hang }),
    })
    const call = servicesFor(manager, { signal: bell }).desk.ask()
    bell.ring(gone)
    await expect(call).rejects.toBe(gone)
    expect(bell.listeners.size).toBe(0)
    await manager.stop({ timeoutMs: 0 })
  })
})
