import { describe, expect, test } from 'vitest'
import { type CircuitPolicy, resolveCircuitPolicy } from './policy.ts'
import { CircuitStateMachine } from './state-machine.ts'

const R = 100

/** A circuit that only opens by its rates, and the calls that it is given. */
function setUp(policy: CircuitPolicy, random?: () => number) {
  const machine = new CircuitStateMachine(
    resolveCircuitPolicy({ failureThreshold: Infinity, recoveryTimeoutMs: R, timeoutMs: 5_000, ...policy, random }),
    { transitioned: () => {} },
  )
  const call = (outcome: 'success' | 'failure', now: number, durationMs = 1): string => {
    const permit = machine.acquire(now)
    if (permit !== undefined) machine.settle(permit, outcome, now, durationMs)
    return machine.state(now)
  }
  return { machine, call }
}

describe('failureRate', () => {
  test('opens when the part of the failures is reached, by a failure, and not before there are enough calls', () => {
    const { machine, call } = setUp({ failureRate: { ratio: 0.5, minimumCalls: 10 } })
    for (let count = 0; count < 9; count++) expect(call('failure', count)).toBe('closed')
    expect(machine.rates(9)).toEqual([
      { kind: 'failure', calls: 9, bad: 9, ratio: 1, threshold: 0.5, minimumCalls: 10 },
    ])
    expect(call('success', 9)).toBe('closed')
    expect(call('failure', 10)).toBe('open')
    expect(machine.rates(10)).toEqual([])
  })

  test('consecutive failures do not open where their rule is off; a success in between does not help where it is a rate', () => {
    const { call } = setUp({ failureRate: { ratio: 0.5 } })
    const states = Array.from({ length: 20 }, (_, count) => call(count % 2 === 0 ? 'success' : 'failure', count))
    expect(states.slice(0, -1)).toEqual(states.slice(0, -1).map(() => 'closed'))
    expect(states.at(-1)).toBe('open')
  })

  test('forgets what is older than its window', () => {
    const { machine, call } = setUp({ failureRate: { ratio: 1, minimumCalls: 3, windowMs: 100 } })
    call('failure', 0)
    call('failure', 50)
    expect(call('failure', 105)).toBe('closed')
    expect(machine.rates(105)).toMatchObject([{ calls: 2 }])
    expect(machine.rates(1_000)).toMatchObject([{ calls: 0, ratio: 0 }])
  })

  test('takes the latest calls, however long ago they were, where it counts calls', () => {
    const { machine, call } = setUp({ failureRate: { ratio: 0.5, windowCalls: 4 } })
    for (const [now, outcome] of ['failure', 'success', 'success', 'success', 'failure'].entries()) {
      expect(call(outcome as 'failure', now * 1e9)).toBe('closed')
    }
    expect(machine.rates(5e9)).toMatchObject([{ calls: 4, bad: 1, minimumCalls: 4 }])
    expect(call('failure', 5e9)).toBe('open')
  })

  test('beside the consecutive failures, whichever comes first opens', () => {
    const { call } = setUp({ failureThreshold: 2, failureRate: { ratio: 1, minimumCalls: 10 } })
    call('failure', 0)
    expect(call('failure', 0)).toBe('open')
  })

  test('is empty after a close', () => {
    const { machine, call } = setUp({ failureRate: { ratio: 1, minimumCalls: 2 }, successThreshold: 1 })
    call('failure', 0)
    expect(call('failure', 0)).toBe('open')
    expect(call('success', R)).toBe('closed')
    expect(machine.rates(R)).toMatchObject([{ calls: 0, bad: 0 }])
    expect(call('failure', R)).toBe('closed')
    machine.reset(R)
    expect(machine.rates(R)).toMatchObject([{ calls: 0 }])
  })
})

describe('slowCalls', () => {
  test('a slow success is slow and no failure; a call at its deadline is slow as well', () => {
    const { machine, call } = setUp({
      failureThreshold: 2,
      slowCalls: { thresholdMs: 300, ratio: 0.5, minimumCalls: 4 },
    })
    call('success', 0, 299)
    call('failure', 0, 5_000)
    expect(call('success', 0, 300)).toBe('closed')
    expect(machine.failures).toBe(0)
    expect(machine.rates(0)).toEqual([
      { kind: 'slow', calls: 3, bad: 2, ratio: 2 / 3, threshold: 0.5, minimumCalls: 4 },
    ])
    expect(call('success', 0, 10)).toBe('closed')
    expect(call('success', 0, 300)).toBe('open')
  })
})

describe('recoveryBackoff', () => {
  test('each opening without a close in between lasts longer, up to the longest', () => {
    const { machine, call } = setUp({
      recoveryBackoff: { maxMs: 350, jitterRatio: 0 },
      failureThreshold: 1,
      successThreshold: 1,
    })
    let now = 0
    const openings: (number | undefined)[] = []
    for (let count = 0; count < 4; count++) {
      call('failure', now)
      const waitMs = machine.retryAfterMs(now)!
      openings.push(waitMs)
      now += waitMs
    }
    expect(openings).toEqual([100, 200, 350, 350])
    expect(machine.exportState(now)).toMatchObject({ state: 'half_open', openings: 4 })
    expect(call('success', now)).toBe('closed')
    call('failure', now)
    expect(machine.retryAfterMs(now)).toBe(100)
  })

  test('chance takes a part off, and a snapshot keeps the count', () => {
    const chances = [0, 1, 0.5]
    const { machine, call } = setUp(
      { recoveryBackoff: { jitterRatio: 0.2 }, failureThreshold: 1 },
      () => chances.shift() ?? 0,
    )
    call('failure', 0)
    expect(machine.retryAfterMs(0)).toBe(100)
    call('failure', 100)
    expect(machine.retryAfterMs(100)).toBe(160)
    const other = setUp({ recoveryBackoff: { jitterRatio: 0 }, failureThreshold: 1 })
    other.machine.importState(machine.exportState(100), 0)
    expect(other.machine.retryAfterMs(0)).toBe(160)
    other.call('failure', 160)
    expect(other.machine.retryAfterMs(160)).toBe(400)
  })
})

describe('rampMs', () => {
  function recovered() {
    const made = setUp({ rampMs: 1_000, successThreshold: 1, failureThreshold: 1 })
    made.call('failure', 0)
    expect(made.call('success', R)).toBe('closed')
    return made
  }

  test('after a close a growing part is admitted, always the same ones', () => {
    const { machine } = recovered()
    const admittedIn = (fromMs: number): number => {
      let admitted = 0
      for (let ms = 0; ms < 100; ms++) if (machine.acquire(R + fromMs + ms) !== undefined) admitted++
      return admitted
    }
    expect(Array.from({ length: 11 }, (_, part) => admittedIn(part * 100))).toEqual([
      15, 23, 33, 41, 51, 59, 69, 77, 87, 95, 100,
    ])
    expect(machine.rampLeftMs(R + 1_100)).toBe(0)
  })

  test('the first call after the close is admitted, and how long it lasts is told', () => {
    const { machine } = recovered()
    expect(machine.acquire(R)).toBeDefined()
    expect(machine.acquire(R)).toBeUndefined()
    expect([machine.rampLeftMs(R + 250), machine.retryAfterMs(R + 250), machine.state(R + 250)]).toEqual([
      750,
      0,
      'closed',
    ])
  })

  test('a failure in the ramp opens the circuit as ever, and an operator who closes it lets everybody through', () => {
    const { machine, call } = recovered()
    expect(call('failure', R + 500)).toBe('open')
    machine.reset(R + 500)
    expect([1, 2, 3].map(() => machine.acquire(R + 500) !== undefined)).toEqual([true, true, true])
  })
})

test("somebody else's rule opens a closed circuit, and no other", () => {
  const { machine } = setUp({})
  machine.trip(0)
  expect([machine.state(0), machine.retryAfterMs(0)]).toEqual(['open', R])
  machine.trip(50)
  expect(machine.retryAfterMs(50)).toBe(50)
  expect(machine.state(R)).toBe('half_open')
  machine.trip(R)
  expect(machine.state(R)).toBe('half_open')
})
