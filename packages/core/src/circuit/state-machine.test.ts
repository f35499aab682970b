import { expect, test } from 'vitest'
import { type CircuitPolicy, resolveCircuitPolicy } from './policy.ts'
import { CircuitStateMachine, type CircuitTransition, type Permit, TRIAL_LEASE_MARGIN_MS } from './state-machine.ts'

const T = 50
const R = 100

function setUp(policy: CircuitPolicy = {}) {
  const transitions: CircuitTransition[] = []
  const machine = new CircuitStateMachine(
    resolveCircuitPolicy({ failureThreshold: 1, recoveryTimeoutMs: R, timeoutMs: T, ...policy }),
    { transitioned: (transition) => void transitions.push(transition) },
  )
  /** Opens it at 0, and has it half-open at R. */
  const halfOpen = () => {
    machine.settle(acquire(0), 'failure', 0, 1)
    expect(machine.state(R)).toBe('half_open')
  }
  const acquire = (now: number): Permit => {
    const permit = machine.acquire(now)
    expect(permit).toBeDefined()
    return permit!
  }
  return { machine, transitions, halfOpen, acquire }
}

test('all calls of a closed circuit share one permit, which never ends', () => {
  const { machine, acquire } = setUp({ failureThreshold: 2 })
  const permit = acquire(0)
  expect(acquire(1)).toBe(permit)
  machine.settle(permit, 'failure', 1, 1)
  expect(acquire(2)).toBe(permit)
  expect(permit.leaseEndsAt).toBe(Infinity)
})

test('a trial has a permit of its own, with a lease a little longer than its deadline', () => {
  const { halfOpen, acquire } = setUp({ maxTrials: 2 })
  halfOpen()
  const [one, two] = [acquire(R), acquire(R + 7)]
  expect(one).not.toBe(two)
  expect([one.leaseEndsAt, two.leaseEndsAt]).toEqual([R, R + 7].map((now) => now + T + TRIAL_LEASE_MARGIN_MS))
})

test('how long to wait: 0 while it admits, until the lease of the oldest trial, until the end of open', () => {
  const { machine, halfOpen, acquire } = setUp({ maxTrials: 2 })
  expect(machine.retryAfterMs(0)).toBe(0)
  halfOpen()
  acquire(R)
  expect(machine.retryAfterMs(R + 10)).toBe(0)
  acquire(R + 10)
  expect(machine.retryAfterMs(R + 10)).toBe(T + TRIAL_LEASE_MARGIN_MS - 10)
  const leaseEnd = R + T + TRIAL_LEASE_MARGIN_MS
  expect(machine.retryAfterMs(leaseEnd)).toBe(R)
  machine.isolate(leaseEnd)
  expect(machine.retryAfterMs(leaseEnd)).toBeUndefined()
})

test('a trial settled when its lease has just ended has failed, though it succeeded', () => {
  const { machine, halfOpen, acquire, transitions } = setUp({ successThreshold: 1 })
  halfOpen()
  const trial = acquire(R)
  const late = trial.leaseEndsAt
  machine.settle(trial, 'success', late, 1)
  expect(machine.state(late)).toBe('open')
  expect(machine.retryAfterMs(late)).toBe(R)
  expect(transitions.at(-1)).toEqual({ from: 'half_open', to: 'open', at: late, cause: 'process' })
})

test('a trial settled one millisecond before its lease ends counts', () => {
  const { machine, halfOpen, acquire } = setUp({ successThreshold: 1 })
  halfOpen()
  const trial = acquire(R)
  machine.settle(trial, 'success', trial.leaseEndsAt - 1, 1)
  expect(machine.state(trial.leaseEndsAt)).toBe('closed')
})

test('a permit counts once', () => {
  const { machine, halfOpen, acquire } = setUp({ successThreshold: 2 })
  halfOpen()
  const trial = acquire(R)
  machine.settle(trial, 'success', R, 1)
  machine.settle(trial, 'success', R, 1)
  expect(machine.exportState(R)).toMatchObject({ state: 'half_open', successes: 1 })
  machine.settle(trial, 'failure', R, 1)
  expect(machine.state(R)).toBe('half_open')
})

test('of several lost trials the first reopens it, once', () => {
  const { machine, halfOpen, acquire, transitions } = setUp({ maxTrials: 3 })
  halfOpen()
  acquire(R)
  acquire(R)
  transitions.length = 0
  machine.state(R + T + TRIAL_LEASE_MARGIN_MS)
  expect(transitions).toHaveLength(1)
})

test('a release without an isolation does nothing, and an isolation ends what was under way', () => {
  const { machine, transitions, acquire } = setUp({ failureThreshold: 2 })
  machine.release(0)
  expect(transitions).toEqual([])
  const before = acquire(0)
  machine.settle(before, 'failure', 0, 1)
  machine.isolate(1)
  expect(machine.failures).toBe(0)
  machine.settle(before, 'failure', 1, 1)
  machine.release(2)
  machine.settle(before, 'failure', 2, 1)
  expect(machine.failures).toBe(0)
  expect(machine.state(2)).toBe('closed')
  expect(transitions.map(({ at }) => at)).toEqual([1, 2])
})

test('an open circuit that is isolated after its time has shown half-open first', () => {
  const { machine, transitions, acquire } = setUp()
  machine.settle(acquire(0), 'failure', 0, 1)
  machine.isolate(R)
  expect(transitions.map(({ to }) => to)).toEqual(['open', 'half_open', 'isolated'])
})

test('a snapshot says what is counted in the state it is in, and no more', () => {
  const { machine, halfOpen, acquire } = setUp({ failureThreshold: 2, successThreshold: 3 })
  machine.settle(acquire(0), 'failure', 0, 1)
  expect(machine.exportState(0)).toEqual({ state: 'closed', failures: 1, successes: 0, remainingMs: 0, openings: 0 })
  halfOpen()
  machine.settle(acquire(R), 'success', R, 1)
  expect(machine.exportState(R)).toEqual({ state: 'half_open', failures: 0, successes: 1, remainingMs: 0, openings: 1 })
  machine.settle(acquire(R), 'failure', R, 1)
  expect(machine.exportState(R + 30)).toEqual({
    state: 'open',
    failures: 0,
    successes: 0,
    remainingMs: R - 30,
    openings: 2,
  })
  expect(machine.exportState(2 * R), 'reading it is looking at the clock').toMatchObject({ state: 'half_open' })
})

test('an imported state starts a generation of its own, and an import of the same state is no transition', () => {
  const { machine, transitions, acquire } = setUp({ failureThreshold: 3 })
  const before = acquire(0)
  machine.importState({ state: 'closed', failures: 2, successes: 0, remainingMs: 0 }, 0)
  expect(transitions).toEqual([])
  machine.settle(before, 'failure', 0, 1)
  expect(machine.state(0), 'a failure of before the import').toBe('closed')
  machine.settle(acquire(0), 'failure', 0, 1)
  expect(machine.state(0)).toBe('open')
  machine.importState({ state: 'open', failures: 0, successes: 0, remainingMs: 10 }, 0)
  expect(machine.retryAfterMs(0)).toBe(10)
  expect(transitions.map(({ to }) => to)).toEqual(['open'])
})

test('retired, it stays as it is, however late somebody looks', () => {
  const { machine, transitions, acquire } = setUp()
  machine.settle(acquire(0), 'failure', 0, 1)
  machine.retire()
  expect([machine.state(2 * R), machine.retryAfterMs(2 * R)]).toEqual(['open', 0])
  expect(machine.exportState(2 * R)).toMatchObject({ state: 'open', remainingMs: 0, openings: 1 })
  expect(transitions).toHaveLength(1)
})
