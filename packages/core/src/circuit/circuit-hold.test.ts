import { ManualClock, plainBreaker } from '@svcproxy/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { CircuitOpenError, factoryProvider, ServiceProxy } from '../index.ts'
import type { ProxySettings, ServiceEvent, SharedCircuit } from '../index.ts'

const down = new Error('down')
const HELD = { by: 'fleet', retryAfterMs: 1_000, endsInMs: 3_000 }

function setUp(circuit: ProxySettings['circuit'] = {}) {
  const clock = new ManualClock()
  let isDown = false
  const proxy = new ServiceProxy('desk', {
    provider: factoryProvider('desk', {
      create: () => ({ ask: () => (isDown ? Promise.reject(down) : Promise.resolve('answer')) }),
    }),
    breaker: plainBreaker,
    circuit: { failureThreshold: 2, successThreshold: 1, recoveryTimeoutMs: 500, ...circuit },
    clock,
  })
  onTestFinished(() => proxy.stop())
  const events: Exclude<ServiceEvent, { type: 'load' }>[] = []
  proxy.onAny((event) => void (event.type === 'load' || events.push(event)))
  const transitions = () =>
    events.flatMap((event) => (event.type === 'circuit' ? [`${event.from} → ${event.to}: ${event.cause}`] : []))
  const ask = () => proxy.service.ask().catch((error: unknown) => (error as Error).name)
  const shared = proxy.sharedCircuit as SharedCircuit
  const fail = async (times: number): Promise<void> => {
    isDown = true
    for (let count = 0; count < times; count++) await ask()
    isDown = false
  }
  return { clock, proxy, shared, events, transitions, ask, fail }
}

describe('a circuit that others hold', () => {
  test('reads as open, says when to try again and who holds it, and refuses', async () => {
    const { clock, proxy, shared, transitions, ask } = setUp()
    expect(await ask()).toBe('answer')
    shared.hold(HELD)
    expect([proxy.circuitState, proxy.retryAfterMs, shared.heldBy]).toEqual(['open', 1_000, 'fleet'])
    expect(proxy.getStatus().circuit).toMatchObject({ state: 'open', heldBy: 'fleet', retryAfterMs: 1_000 })
    const refusal = await proxy.service.ask().catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(CircuitOpenError)
    expect(refusal).toHaveProperty('retryAfterMs', 1_000)
    clock.advance(1_500)
    // The others have not said more yet.
    expect([proxy.circuitState, proxy.retryAfterMs, await ask()]).toEqual(['open', 0, 'CircuitOpenError'])
    expect(transitions()).toEqual(['closed → open: fleet'])
  })

  test('makes its own trials at the end of the hold, when nobody has said more', async () => {
    const { clock, proxy, shared, transitions, ask } = setUp()
    shared.hold(HELD)
    clock.advance(3_000)
    expect(proxy.circuitState).toBe('half_open')
    expect(shared.heldBy).toBeUndefined()
    expect(await ask()).toBe('answer')
    expect(transitions()).toEqual(['closed → open: fleet', 'open → half_open: process', 'half_open → closed: process'])
  })

  test('closes when they let it go, with its ramp, and no trial', async () => {
    const { proxy, shared, transitions, ask } = setUp({ rampMs: 1_000 })
    shared.hold(HELD)
    shared.endHold()
    expect(proxy.getStatus().circuit).toMatchObject({ state: 'closed', rampLeftMs: 1_000, heldBy: undefined })
    expect(await ask()).toBe('answer')
    expect(await ask()).toBe('CircuitOpenError')
    expect(transitions()).toEqual(['closed → open: fleet', 'open → closed: fleet'])
  })

  test('that had opened by itself sees for itself, at once, when they let it go', async () => {
    const { proxy, shared, transitions, ask, fail } = setUp()
    await fail(2)
    expect(proxy.circuitState).toBe('open')
    shared.hold(HELD)
    expect(proxy.retryAfterMs).toBe(1_000)
    shared.endHold()
    expect(proxy.circuitState).toBe('half_open')
    await fail(1)
    expect(proxy.circuitState).toBe('open')
    shared.endHold()
    expect(proxy.circuitState).toBe('open')
    expect(transitions()).toEqual(['closed → open: process', 'open → half_open: fleet', 'half_open → open: process'])
    expect(await ask()).toBe('CircuitOpenError')
  })

  test('makes the trials when it is told to, and the others wait', async () => {
    const { proxy, shared, transitions, ask, fail } = setUp()
    shared.hold(HELD)
    shared.admitTrials()
    expect([proxy.circuitState, shared.heldBy]).toEqual(['half_open', 'fleet'])
    await fail(1)
    expect([proxy.circuitState, proxy.retryAfterMs, shared.heldBy]).toEqual(['open', 500, undefined])
    shared.hold(HELD)
    shared.admitTrials()
    expect(await ask()).toBe('answer')
    expect([proxy.circuitState, shared.heldBy]).toEqual(['closed', undefined])
    expect(transitions()).toEqual([
      'closed → open: fleet',
      'open → half_open: fleet',
      'half_open → open: process',
      'open → half_open: fleet',
      'half_open → closed: process',
    ])
  })

  test('is held on with other times, and remembers whether it had opened by itself', async () => {
    const { clock, proxy, shared, fail } = setUp()
    await fail(2)
    shared.hold(HELD)
    clock.advance(2_900)
    shared.hold({ ...HELD, retryAfterMs: 700 })
    clock.advance(200)
    expect([proxy.circuitState, proxy.retryAfterMs]).toEqual(['open', 500])
    shared.admitTrials()
    shared.hold(HELD)
    shared.endHold()
    expect(proxy.circuitState).toBe('half_open')
  })

  test('nothing is done to one that is not held, or isolated, or stopped', async () => {
    const { proxy, shared, transitions } = setUp()
    shared.endHold()
    shared.admitTrials()
    expect(transitions()).toEqual([])
    const isolation = proxy.isolateCircuit()
    shared.hold(HELD)
    expect(proxy.circuitState).toBe('isolated')
    isolation[Symbol.dispose]()
    expect(proxy.circuitState).toBe('closed')
    shared.hold(HELD)
    proxy.resetCircuitBreaker({ cause: 'operator' })
    expect(proxy.circuitState).toBe('closed')
    expect(transitions()).toEqual([
      'closed → isolated: operator',
      'isolated → closed: operator',
      'closed → open: fleet',
      'open → closed: operator',
    ])
    await proxy.stop()
    shared.hold(HELD)
    expect(proxy.circuitState).toBe('closed')
  })

  test('refuses nothing where it only observes', async () => {
    const { proxy, shared, ask } = setUp({ mode: 'observe' })
    shared.hold(HELD)
    expect([proxy.circuitState, await ask()]).toEqual(['open', 'answer'])
  })

  test('says what is wrong', () => {
    const { shared } = setUp()
    for (const wrong of [-1, Number.NaN, '5', undefined]) {
      expect(() => shared.hold({ ...HELD, retryAfterMs: wrong as number })).toThrow(
        'hold.retryAfterMs must be a number',
      )
    }
    expect(() => shared.hold({ ...HELD, endsInMs: 999 })).toThrow(
      'hold.endsInMs must be a number in 1000 … 2147483647; received 999',
    )
    const provider = factoryProvider('bare', { create: () => 1 })
    expect(new ServiceProxy('bare', { provider }).sharedCircuit).toBeUndefined()
  })
})

test('who is behind an event is told', async () => {
  const { proxy, events } = setUp()
  proxy.invalidateCache()
  proxy.invalidateCache({ cause: 'fleet' })
  proxy.expireCache({ cause: 'operator' })
  expect(events).toEqual([
    { type: 'invalidate', service: 'desk', cause: 'process' },
    { type: 'invalidate', service: 'desk', cause: 'fleet' },
    { type: 'expire', service: 'desk', cause: 'operator' },
  ])
})

test('each failure that counts is told, with how many there are in a row, and the success that ends them; nothing else', async () => {
  const { proxy, events, ask, fail } = setUp({ failureThreshold: 3, isFailure: (error) => error === down })
  await ask()
  await fail(2)
  await ask()
  await ask()
  await expect(proxy.call(() => Promise.reject(new Error('the caller’s')))).rejects.toThrow('the caller’s')
  await fail(3)
  await ask()
  const told = events.map((event) => (event.type === 'failures' ? event.consecutive : event.type))
  expect(told).toEqual([1, 2, 0, 1, 2, 3, 'circuit'])
})
