import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { CircuitOpenError } from '@svcproxy/core'
import { Circuit, resolveCircuitPolicy } from '@svcproxy/core/adapter'
import { ManualClock } from '@svcproxy/testing'
import type OpossumBreaker from 'opossum'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { opossumBreaker } from './index.ts'

const { made } = vi.hoisted(() => ({ made: [] as unknown[] }))

/** opossum itself, with a record of the breakers that are made. */
vi.mock('opossum', async (importOriginal) => {
  const { default: Original } = await importOriginal<{ default: typeof OpossumBreaker }>()
  class Recorded extends Original {
    constructor(...args: ConstructorParameters<typeof Original>) {
      super(...args)
      made.push(this.name)
    }
  }
  return { default: Recorded }
})

const POLICY = resolveCircuitPolicy({ failureThreshold: 1, recoveryTimeoutMs: 30_000 })

function setUp(...names: string[]) {
  const clock = new ManualClock()
  const breaker = opossumBreaker()
  const circuits = names.map((name) => new Circuit({ name, policy: POLICY, breaker, clock }))
  const call = (circuit: Circuit | undefined, run: () => unknown = () => 'value') =>
    circuit?.execute({ startedAt: clock.now(), run })
  return { clock, breaker, circuits, call }
}

const shown = (raw: OpossumBreaker | undefined) => [raw?.closed, raw?.opened, raw?.halfOpen]
const CLOSED = [true, false, false]
const OPEN = [false, true, false]
const HALF_OPEN = [false, false, true]

beforeEach(() => {
  made.length = 0
})

describe('a breaker of opossum is made when it is first needed', () => {
  test('by the first call, and by no other', async () => {
    const { breaker, circuits, call } = setUp('a', 'b')
    expect(made).toEqual([])
    expect(await call(circuits[1])).toBe('value')
    expect(await call(circuits[1])).toBe('value')
    expect(made).toEqual(['b'])
    expect(breaker.circuits.get('b')?.stats).toMatchObject({ fires: 2, successes: 2 })
    expect(made).toEqual(['b'])
  })

  test('by a first call that is refused, too: it is counted', async () => {
    const { breaker, circuits, call } = setUp('a')
    circuits[0]?.isolate()
    await expect(call(circuits[0])).rejects.toBeInstanceOf(CircuitOpenError)
    expect(breaker.circuits.get('a')?.stats).toMatchObject({ fires: 1, rejects: 1 })
  })

  test('not by a question about names', () => {
    const { breaker } = setUp('a', 'b')
    expect(breaker.circuits.size).toBe(2)
    expect(breaker.circuits.has('a')).toBe(true)
    expect(breaker.circuits.has('c')).toBe(false)
    expect([...breaker.circuits.keys()]).toEqual(['a', 'b'])
    expect(breaker.circuits.get('c')).toBeUndefined()
    expect(made).toEqual([])
  })

  test('by a look at it, and the next look finds the same one', () => {
    const { breaker } = setUp('a', 'b')
    const raw = breaker.circuits.get('b')
    expect(raw?.name).toBe('b')
    expect(made).toEqual(['b'])
    expect(breaker.circuits.get('b')).toBe(raw)
    expect([...breaker.circuits.values()].map(({ name }) => name)).toEqual(['a', 'b'])
    expect([...breaker.circuits.values()][1]).toBe(raw)
    expect(made).toEqual(['b', 'a'])
  })

  test('by going through them, as far as one goes', () => {
    const { breaker } = setUp('a', 'b', 'c')
    for (const [name, raw] of breaker.circuits) {
      expect(raw.name).toBe(name)
      if (name === 'b') break
    }
    expect(made).toEqual(['a', 'b'])
    expect([...breaker.circuits.entries()].map(([name, raw]) => [name, raw.name])).toEqual([
      ['a', 'a'],
      ['b', 'b'],
      ['c', 'c'],
    ])
    expect(made).toEqual(['a', 'b', 'c'])
  })

  test('forEach hands out what a map hands out', () => {
    const { breaker } = setUp('a', 'b')
    const seen: unknown[] = []
    const self = {}
    breaker.circuits.forEach(function (this: unknown, raw, name, map) {
      seen.push([this, raw.name, name, map])
    }, self)
    expect(seen).toEqual([
      [self, 'a', 'a', breaker.circuits],
      [self, 'b', 'b', breaker.circuits],
    ])
  })

  test('never for a service that is stopped before it is used', () => {
    const { breaker, circuits } = setUp('a')
    circuits[0]?.dispose()
    expect(breaker.circuits.size).toBe(0)
    expect(breaker.circuits.get('a')).toBeUndefined()
    expect(made).toEqual([])
  })
})

describe('a breaker that is made late shows what the circuit is', () => {
  test('open when the circuit was isolated before, and its events are those that follow', () => {
    const { breaker, circuits } = setUp('a')
    const listenerError = vi.fn<() => void>()
    subscribe('svcproxy:listener-error', listenerError)
    const handle = circuits[0]?.isolate()
    unsubscribe('svcproxy:listener-error', listenerError)
    expect(listenerError).not.toHaveBeenCalled()
    const raw = breaker.circuits.get('a')
    expect(shown(raw)).toEqual(OPEN)
    const seen: string[] = []
    raw?.on('open', () => seen.push('open')).on('close', () => seen.push('close'))
    handle?.[Symbol.dispose]()
    expect(shown(raw)).toEqual(CLOSED)
    expect(seen).toEqual(['close'])
  })

  test('open after an import, half-open after a look when its time was over, closed after a reset', () => {
    const { breaker, circuits, clock } = setUp('open', 'half-open', 'closed')
    for (const circuit of circuits) circuit.importState({ state: 'open', failures: 0, successes: 0, remainingMs: 10 })
    clock.advance(10)
    expect(circuits[1]?.state).toBe('half_open')
    circuits[2]?.reset()
    expect([...breaker.circuits.values()].map(shown)).toEqual([OPEN, HALF_OPEN, CLOSED])
  })
})
