import { breakerContract, ManualClock, plainBreaker } from '@svcproxy/testing'
import { describe, expect, test } from 'vitest'
import { CircuitOpenError, StoppedError } from '../errors.ts'
import { Circuit, type CircuitOptions } from './circuit.ts'
import { resolveCircuitPolicy } from './policy.ts'
import type { BreakerFactory } from './breaker.ts'
import type { CircuitSnapshot } from './state-machine.ts'

breakerContract('the circuit itself', { create: plainBreaker })

function setUp(options: Partial<CircuitOptions> = {}) {
  const clock = new ManualClock()
  const policy = resolveCircuitPolicy({ failureThreshold: 2, recoveryTimeoutMs: 100 })
  const circuit = new Circuit({ name: 'orders', policy, breaker: plainBreaker, clock, ...options })
  const fail = () =>
    circuit.execute({ startedAt: clock.now(), run: () => Promise.reject(new Error('failed')) }).catch(() => {})
  return { clock, circuit, fail }
}

test('who hears of a transition may throw: the caller is answered, and the next one hears of it', async () => {
  const heard: string[] = []
  const { circuit, fail } = setUp({
    breaker: (context) => ({
      ...plainBreaker(context),
      transitioned({ to }) {
        heard.push(`breaker ${to}`)
        throw new Error('a bug in an adapter')
      },
    }),
    onTransition({ to }) {
      heard.push(`listener ${to}`)
      throw new Error('a bug in a listener')
    },
  })
  await fail()
  await fail()
  circuit.reset()
  expect(heard).toEqual(['breaker open', 'listener open', 'breaker closed', 'listener closed'])
})

describe('a snapshot', () => {
  const bad: readonly (readonly [unknown, string])[] = [
    [undefined, 'snapshot must be what exportCircuit() returned; received undefined'],
    [null, 'snapshot must be what exportCircuit() returned; received null'],
    ['open', 'snapshot must be what exportCircuit() returned; received "open"'],
    [
      { state: 'isolated', failures: 0, successes: 0, remainingMs: 0 },
      'snapshot must be what exportCircuit() returned',
    ],
    [{ state: 'closed', failures: 2, successes: 0, remainingMs: 0 }, 'snapshot.failures must be an integer in 0 … 1'],
    [{ state: 'closed', failures: 0.5, successes: 0, remainingMs: 0 }, 'snapshot.failures must be an integer'],
    [
      { state: 'half_open', failures: 0, successes: 3, remainingMs: 0 },
      'snapshot.successes must be an integer in 0 … 2',
    ],
    [{ state: 'half_open', failures: 0, successes: -1, remainingMs: 0 }, 'snapshot.successes must be an integer'],
    [
      { state: 'open', failures: 0, successes: 0, remainingMs: 101 },
      'snapshot.remainingMs must be a number in 0 … 100',
    ],
  ]

  test.for(bad)('%o is refused, and changes nothing', ([snapshot, message]) => {
    const { circuit } = setUp()
    expect(() => circuit.importState(snapshot as CircuitSnapshot)).toThrow(message)
    expect(circuit.state).toBe('closed')
  })

  test('of every state is taken over as it is', async () => {
    for (const snapshot of [
      { state: 'closed', failures: 1, successes: 0, remainingMs: 0, openings: 0 },
      { state: 'open', failures: 0, successes: 0, remainingMs: 100, openings: 3 },
      { state: 'half_open', failures: 0, successes: 2, remainingMs: 0, openings: 1 },
    ] as const) {
      const { circuit } = setUp()
      circuit.importState(snapshot)
      expect(circuit.exportState()).toEqual(snapshot)
    }
  })

  test('of an isolated circuit is that of a closed one: an isolation does not travel', async () => {
    const { circuit, fail } = setUp()
    await fail()
    circuit.isolate()
    expect(circuit.exportState()).toEqual({ state: 'closed', failures: 0, successes: 0, remainingMs: 0, openings: 0 })
    circuit.importState({ state: 'open', failures: 0, successes: 0, remainingMs: 100 })
    expect(circuit.state).toBe('isolated')
  })
})

test('a transition says from where to where and when it was decided', async () => {
  const seen: unknown[] = []
  const { circuit, clock, fail } = setUp({ onTransition: (transition) => seen.push(transition) })
  await fail()
  await fail()
  const openedAt = clock.now()
  clock.advance(150)
  expect(circuit.stateAt(clock.now())).toBe('half_open')
  expect(seen).toEqual([
    { from: 'closed', to: 'open', at: openedAt, cause: 'process' },
    { from: 'open', to: 'half_open', at: openedAt + 150, cause: 'process' },
  ])
})

test('the breaker is told of a transition before the listener is', async () => {
  const order: string[] = []
  const { fail } = setUp({
    breaker: (context) => ({ ...plainBreaker(context), transitioned: ({ to }) => order.push(`breaker ${to}`) }),
    onTransition: ({ to }) => order.push(`listener ${to}`),
  })
  await fail()
  await fail()
  expect(order).toEqual(['breaker open', 'listener open'])
})

test('a breaker that resets the circuit in the middle of a transition does not turn the order around', async () => {
  const order: string[] = []
  const { circuit, fail } = setUp({
    breaker: (context) => ({
      ...plainBreaker(context),
      transitioned: ({ to }) => {
        order.push(`breaker ${to}`)
        if (to === 'open') circuit.reset()
      },
    }),
    onTransition: ({ to }) => order.push(`listener ${to}`),
  })
  await fail()
  await fail()
  expect(order).toEqual(['breaker open', 'listener open', 'breaker closed', 'listener closed'])
  expect(circuit.state).toBe('closed')
})

test('a disposed circuit refuses, tells the attempt so, disposes of its breaker once and no longer changes', async () => {
  let disposals = 0
  const { circuit, clock, fail } = setUp({
    breaker: (context) => ({ ...plainBreaker(context), dispose: () => disposals++ }),
  })
  await fail()
  await fail()
  const handle = circuit.isolate()
  circuit.dispose()
  circuit.dispose()
  handle[Symbol.dispose]()
  circuit.reset()
  circuit.isolate()
  circuit.importState({ state: 'closed', failures: 0, successes: 0, remainingMs: 0 })
  expect(circuit.state).toBe('isolated')
  expect(disposals).toBe(1)
  const settled: unknown[] = []
  const refused = circuit.execute({
    startedAt: clock.now(),
    run: () => 'ran',
    settled: (...args) => settled.push(...args),
  })
  const error: unknown = await refused.catch((reason: unknown) => reason)
  expect(error).toEqual(new StoppedError('orders'))
  expect(settled).toEqual(['refused', error, clock.now(), 'ignored'])
})

test('a disposed circuit that was open stays open: neither a reset nor an import revives it', async () => {
  const { circuit, fail } = setUp()
  await fail()
  await fail()
  circuit.dispose()
  circuit.reset()
  expect(circuit.state).toBe('open')
  circuit.importState({ state: 'closed', failures: 0, successes: 0, remainingMs: 0 })
  expect(circuit.state).toBe('open')
})

test('a disposed circuit has no timer when no call is under way', async () => {
  const { circuit, clock, fail } = setUp()
  await fail()
  expect(clock.pendingTimers, 'that of the deadlines, until it is due').toBe(1)
  circuit.dispose()
  expect(clock.pendingTimers).toBe(0)
})

test('an attempt that wants to hear of nothing is refused all the same', async () => {
  const { circuit, clock, fail } = setUp()
  const execute = () => circuit.execute({ startedAt: clock.now(), run: () => 'ran' })
  await fail()
  await fail()
  await expect(execute()).rejects.toBeInstanceOf(CircuitOpenError)
  circuit.dispose()
  await expect(execute()).rejects.toBeInstanceOf(StoppedError)
})

test('a refusal says how long to wait, to the caller and to the attempt', async () => {
  const { circuit, clock, fail } = setUp()
  await fail()
  await fail()
  clock.advance(40)
  const settled: unknown[] = []
  const refused = circuit.execute({
    startedAt: clock.now(),
    run: () => 'ran',
    settled: (...args) => settled.push(...args),
  })
  const error: unknown = await refused.catch((reason: unknown) => reason)
  expect(error).toMatchObject({ name: 'CircuitOpenError', serviceName: 'orders', retryAfterMs: 60 })
  expect(settled).toEqual(['refused', error, clock.now(), 'ignored'])
  expect(circuit.retryAfterMs).toBe(60)
})

test('its breaker hears when it forgets, of a transition where there is one, and else apart', async () => {
  const told: string[] = []
  const breaker: BreakerFactory = (context) => ({
    ...plainBreaker(context),
    transitioned: ({ to }) => void told.push(to),
    forgot: () => {
      told.push('forgot')
      throw new Error('a bug in an adapter')
    },
  })
  const { circuit, fail } = setUp({ breaker })
  circuit.reset()
  circuit.importState({ state: 'closed', failures: 1, successes: 0, remainingMs: 0 })
  await fail()
  circuit.reset()
  circuit.importState({ state: 'open', failures: 0, successes: 0, remainingMs: 10 })
  circuit.isolate()
  circuit.reset()
  circuit.dispose()
  circuit.reset()
  expect(told).toEqual(['forgot', 'forgot', 'open', 'closed', 'open', 'isolated'])
})
