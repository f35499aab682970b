import { AsyncLocalStorage } from 'node:async_hooks'
import { Circuit, resolveCircuitPolicy } from '@svcproxy/core/adapter'
import { ManualClock } from '@svcproxy/testing'
import type OpossumBreaker from 'opossum'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { opossumBreaker } from './index.ts'

function setUp() {
  const clock = new ManualClock()
  const breaker = opossumBreaker()
  const make = (name: string) => {
    const circuit = new Circuit({ name, policy: resolveCircuitPolicy(), breaker, clock })
    const raw = breaker.circuits.get(name)!
    const call = (run: () => unknown = () => 'value') => circuit.execute({ startedAt: clock.now(), run })
    return { circuit, raw, call }
  }
  return { make, ...make('orders') }
}

/** Successes by bucket, the newest first. */
const successes = (raw: OpossumBreaker) => raw.status.window.map((bucket) => bucket.successes)

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
})

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

describe('the window of the statistics', () => {
  test('forgets a call after ten seconds, bucket by bucket, and then there is no timer', async () => {
    const { raw, call } = setUp()
    expect(vi.getTimerCount()).toBe(0)
    await call()
    expect(vi.getTimerCount()).toBe(1)
    vi.advanceTimersByTime(999)
    expect(successes(raw)).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    vi.advanceTimersByTime(1)
    expect(successes(raw)).toEqual([0, 1, 0, 0, 0, 0, 0, 0, 0, 0])
    vi.advanceTimersByTime(8_999)
    expect(successes(raw)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
    vi.advanceTimersByTime(1)
    expect(raw.stats).toMatchObject({ fires: 0, successes: 0 })
    expect(raw.status.window).toHaveLength(10)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('is turned until the last call is forgotten', async () => {
    const { raw, call } = setUp()
    await call()
    vi.advanceTimersByTime(5_000)
    await call()
    expect(successes(raw)).toEqual([1, 0, 0, 0, 0, 1, 0, 0, 0, 0])
    vi.advanceTimersByTime(9_999)
    expect(raw.stats).toMatchObject({ fires: 1, successes: 1 })
    vi.advanceTimersByTime(1)
    expect(raw.stats).toMatchObject({ fires: 0, successes: 0 })
    expect(vi.getTimerCount()).toBe(0)
    await call()
    vi.advanceTimersByTime(1_000)
    expect(successes(raw)).toEqual([0, 1, 0, 0, 0, 0, 0, 0, 0, 0])
  })

  test('forgets the end of a call that came long after its start', async () => {
    const { raw, call } = setUp()
    let finish: ((value: string) => void) | undefined
    const slow = call(() => new Promise((resolve) => (finish = resolve)))
    vi.advanceTimersByTime(12_000)
    expect(raw.stats).toMatchObject({ fires: 0 })
    expect(vi.getTimerCount()).toBe(0)
    finish?.('late')
    expect(await slow).toBe('late')
    expect(raw.stats).toMatchObject({ fires: 0, successes: 1 })
    vi.advanceTimersByTime(10_000)
    expect(raw.stats).toMatchObject({ successes: 0 })
    expect(vi.getTimerCount()).toBe(0)
  })

  test('forgets refusals, and that the circuit was opened', async () => {
    const { circuit, raw, call } = setUp()
    circuit.isolate()
    const marks = () => raw.status.window.filter((bucket) => Reflect.has(bucket, 'isCircuitBreakerOpen'))
    expect(marks()).toHaveLength(1)
    vi.advanceTimersByTime(10_000)
    expect(marks()).toEqual([])
    expect(vi.getTimerCount()).toBe(0)
    await expect(call()).rejects.toThrow()
    expect(raw.stats).toMatchObject({ fires: 1, rejects: 1 })
    vi.advanceTimersByTime(10_000)
    expect(raw.stats).toMatchObject({ fires: 0, rejects: 0 })
  })

  test('of an idle breaker is left alone while another one is busy', async () => {
    const { make, raw, call } = setUp()
    const idle = make('idle')
    await call()
    const before = idle.raw.status.window
    vi.advanceTimersByTime(1_000)
    expect(idle.raw.status.window.every((bucket, index) => bucket === before[index])).toBe(true)
    expect(successes(raw)).toEqual([0, 1, 0, 0, 0, 0, 0, 0, 0, 0])
  })
})

describe('the timer', () => {
  test('is one for all, and lasts as long as one of them needs it', async () => {
    const { make, circuit, call } = setUp()
    const other = make('other')
    await call()
    await other.call()
    expect(vi.getTimerCount()).toBe(1)
    vi.advanceTimersByTime(4_000)
    await other.call()
    vi.advanceTimersByTime(6_000)
    expect(vi.getTimerCount(), 'the other one holds a call of six seconds ago').toBe(1)
    await call()
    other.circuit.dispose()
    expect(vi.getTimerCount()).toBe(1)
    circuit.dispose()
    expect(vi.getTimerCount()).toBe(0)
    const third = make('third')
    await third.call()
    expect(vi.getTimerCount()).toBe(1)
    third.circuit.dispose()
    expect(vi.getTimerCount()).toBe(0)
  })

  test('is not started by a call that ends after the breaker did', async () => {
    const { circuit, call } = setUp()
    let finish: ((value: string) => void) | undefined
    const slow = call(() => new Promise((resolve) => (finish = resolve)))
    vi.advanceTimersByTime(10_000)
    circuit.dispose()
    finish?.('late')
    expect(await slow).toBe('late')
    expect(vi.getTimerCount()).toBe(0)
  })

  test('keeps no process alive and no request in memory', async () => {
    vi.useRealTimers()
    const request = new AsyncLocalStorage<string>()
    let store: unknown = 'not called'
    const original = globalThis.setInterval
    const spy = vi.spyOn(globalThis, 'setInterval').mockImplementation((callback: () => void, delayMs?: number) => {
      store = request.getStore()
      return original(callback, delayMs)
    })
    const { circuit, call } = setUp()
    await request.run('a request', call)
    const timer = spy.mock.results[0]?.value as NodeJS.Timeout
    expect(timer.hasRef()).toBe(false)
    expect(store).toBeUndefined()
    circuit.dispose()
  })
})
