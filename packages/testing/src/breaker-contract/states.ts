import { CapacityError, CircuitOpenError, type CircuitSnapshot } from '@svcproxy/core'
import { Circuit, resolveCircuitPolicy } from '@svcproxy/core/adapter'
import { expect } from 'vitest'
import { type BreakerContractCase, CircuitHarness, errorOf, F, R, S, T } from './harness.ts'

/** When the circuit opens, which calls half-open admits, and when it closes: cases 1 to 9, 12, 23, 24, 26 and 27. */
export const stateCases: readonly BreakerContractCase[] = [
  {
    title: '1. four failures, a success and four failures leave it closed: only consecutive failures count',
    async check(h) {
      await h.fail(F - 1)
      expect(h.circuit.consecutiveFailures).toBe(F - 1)
      await h.succeed()
      expect(h.circuit.consecutiveFailures).toBe(0)
      await h.fail(F - 1)
      expect(h.state).toBe('closed')
      expect(h.transitions).toEqual([])
    },
  },
  {
    title: '2. the fifth failure in a row opens it, and the sixth call is not executed',
    async check(h) {
      await h.fail(F - 1)
      expect(h.state).toBe('closed')
      await h.fail()
      expect(h.state).toBe('open')
      const error = await h.expectRefused()
      expect(error.serviceName).toBe('contract')
      expect(error.retryAfterMs).toBe(R)
    },
  },
  {
    title:
      '3. ten failing calls in flight at once open it once, and the later ones do not extend the time it stays open',
    async check(h) {
      const calls = Array.from({ length: 10 }, () => h.start())
      for (const call of calls.slice(0, F)) call.reject()
      await h.clock.settle()
      expect(h.entered).toEqual(['open'])
      await h.clock.advanceAsync(1_000)
      for (const call of calls.slice(F)) call.reject()
      await h.clock.settle()
      expect(h.entered).toEqual(['open'])
      expect(h.circuit.retryAfterMs).toBe(R - 1_000)
    },
  },
  {
    title: '4. one millisecond before the recovery timeout it rejects; at the timeout it admits a trial',
    async check(h) {
      await h.trip()
      h.clock.advance(R - 1)
      const error = await h.expectRefused()
      expect(error.retryAfterMs).toBe(1)
      h.clock.advance(1)
      const trial = h.start()
      expect(trial.runs).toBe(1)
      expect(h.entered).toEqual(['open', 'half_open'])
      trial.resolve()
      await trial.answer
    },
  },
  {
    title: '5. a change of the wall clock neither shortens nor extends the time it stays open',
    async check(h) {
      await h.trip()
      h.clock.stepWall(-86_400_000)
      h.clock.advance(R - 1)
      h.clock.stepWall(2 * 86_400_000)
      await h.expectRefused()
      h.clock.stepWall(-2 * 86_400_000)
      h.clock.advance(1)
      await h.succeed()
      expect(h.state).toBe('half_open')
    },
  },
  {
    title: '6. of three concurrent calls, half-open runs one and rejects two at once, without queueing them',
    async check(h) {
      await h.halfOpen()
      const trial = h.start()
      await h.expectRefused()
      await h.expectRefused()
      expect(trial.runs).toBe(1)
      trial.resolve()
      await trial.answer
      await h.succeed()
    },
  },
  {
    title: '7. two successful trials leave it half-open; the third closes it, once, with all counts at zero',
    async check(h) {
      await h.halfOpen()
      await h.succeed(S - 1)
      expect(h.state).toBe('half_open')
      await h.succeed()
      expect(h.state).toBe('closed')
      expect(h.entered).toEqual(['open', 'half_open', 'closed'])
      expect(h.circuit.consecutiveFailures).toBe(0)
      await h.fail(F - 1)
      expect(h.state).toBe('closed')
      await h.fail()
      expect(h.state).toBe('open')
      h.clock.advance(R)
      await h.succeed(S - 1)
      expect(h.state, 'successes of an earlier half-open are forgotten').toBe('half_open')
    },
  },
  {
    title: '8. a failed trial after two successful ones opens it for the full recovery timeout again',
    async check(h) {
      await h.halfOpen()
      h.clock.advance(7_000)
      await h.succeed(S - 1)
      await h.fail()
      expect(h.state).toBe('open')
      h.clock.advance(R - 1)
      expect(h.state).toBe('open')
      h.clock.advance(1)
      await h.succeed(S - 1)
      expect(h.state, 'the successful trials before the failure are forgotten').toBe('half_open')
      await h.succeed()
      expect(h.state).toBe('closed')
    },
  },
  {
    title: '9. with three concurrent trials it never admits a fourth',
    policy: { maxTrials: 3, successThreshold: 10 },
    async check(h) {
      await h.halfOpen()
      const trials = [h.start(), h.start(), h.start()]
      expect(trials.map(({ runs }) => runs)).toEqual([1, 1, 1])
      await h.expectRefused()
      trials[1]?.resolve()
      await trials[1]?.answer
      const fourth = h.start()
      expect(fourth.runs).toBe(1)
      await h.expectRefused()
      for (const trial of [...trials, fourth]) trial.resolve()
      await h.clock.settle()
      expect(h.state).toBe('half_open')
    },
  },
  {
    title: '10. a success of a call admitted while closed neither closes it nor counts as a successful trial',
    policy: { successThreshold: 1 },
    async check(h) {
      const [whileOpen, whileHalfOpen] = [h.start(), h.start()]
      await h.trip()
      whileOpen.resolve()
      expect(await whileOpen.answer).toEqual({ value: 'value' })
      expect(h.state).toBe('open')
      h.clock.starve(R)
      const trial = h.start()
      expect(trial.runs).toBe(1)
      whileHalfOpen.resolve()
      expect(await whileHalfOpen.answer).toEqual({ value: 'value' })
      expect(h.state).toBe('half_open')
      await h.expectRefused()
      trial.resolve()
      await trial.answer
      expect(h.state).toBe('closed')
    },
  },
  {
    title: '11. a failure of a call admitted while closed neither reopens it nor counts after it closed again',
    async check(h) {
      const [whileHalfOpen, ...whileClosed] = Array.from({ length: F + 1 }, () => h.start())
      await h.trip()
      h.clock.starve(R)
      const trial = h.start()
      whileHalfOpen?.reject()
      await whileHalfOpen?.answer
      expect(h.state).toBe('half_open')
      trial.resolve()
      await trial.answer
      await h.succeed(S - 1)
      expect(h.state).toBe('closed')
      for (const call of whileClosed) call.reject()
      await h.clock.settle()
      expect(h.state).toBe('closed')
      expect(h.circuit.consecutiveFailures).toBe(0)
    },
  },
  {
    title: '12. the outcome of a trial changes nothing in a later half-open',
    policy: { maxTrials: 3 },
    async check(h) {
      await h.halfOpen()
      const [good, bad] = [h.start(), h.start()]
      await h.fail()
      expect(h.state).toBe('open')
      h.clock.starve(R)
      const trial = h.start()
      expect(h.state).toBe('half_open')
      bad.reject()
      good.resolve()
      await h.clock.settle()
      expect(h.state).toBe('half_open')
      trial.resolve()
      await trial.answer
      await h.succeed(S - 2)
      expect(h.state, 'the old success is not among those that close it').toBe('half_open')
      await h.succeed()
      expect(h.state).toBe('closed')
    },
  },
  {
    title:
      '23. a rejection by another circuit, or for lack of capacity, inside the operation is no failure and does not extend the open time',
    async check(h) {
      await h.fail(F - 1)
      const refusals = [new CapacityError('other', 'full'), new CircuitOpenError('other', 1_000)]
      for (const refusal of refusals) expect(errorOf(await h.run(() => Promise.reject(refusal)))).toBe(refusal)
      expect(h.circuit.consecutiveFailures).toBe(F - 1)
      expect(h.state).toBe('closed')
      await h.fail()
      h.clock.advance(R / 2)
      for (let count = 0; count < 2 * F; count++) await h.expectRefused()
      expect(h.circuit.retryAfterMs).toBe(R / 2)
      h.clock.advance(R / 2)
      const trial = h.start()
      expect(trial.runs, 'traffic during the wait does not delay the trial').toBe(1)
      for (let count = 0; count < 2 * F; count++) await h.expectRefused()
      expect(h.state).toBe('half_open')
      trial.resolve()
      await trial.answer
    },
  },
  {
    title: '24. a state that is exported with ten seconds left admits a trial ten seconds after it is imported',
    async check(h, breaker) {
      await h.trip()
      h.clock.advance(R - 10_000)
      // As it is sent: as plain JSON.
      const snapshot = JSON.parse(JSON.stringify(h.circuit.exportState())) as CircuitSnapshot
      expect(snapshot).toEqual({ state: 'open', failures: 0, successes: 0, openings: 1, remainingMs: 10_000 })
      const other = new CircuitHarness(breaker, {}, 'imported')
      other.clock.advance(123_456)
      other.circuit.importState(snapshot)
      expect(other.entered).toEqual(['open'])
      other.clock.advance(9_999)
      await other.expectRefused()
      other.clock.advance(1)
      await other.succeed()
      expect(other.state).toBe('half_open')
      const half = other.circuit.exportState()
      expect(half).toEqual({ state: 'half_open', failures: 0, successes: 1, remainingMs: 0, openings: 1 })
      await other.verify()
    },
  },
  {
    title: '26. there is no window: failures before an idle hour still count as consecutive',
    async check(h) {
      await h.fail(F - 1)
      await h.clock.advanceAsync(3_600_000)
      expect(h.circuit.consecutiveFailures).toBe(F - 1)
      await h.fail()
      expect(h.state).toBe('open')
    },
  },
  {
    title: '27. every threshold is exact: reached is enough, one below is not',
    policy: { failureThreshold: 1, successThreshold: 1, recoveryTimeoutMs: 1, timeoutMs: 1 },
    async check(h, breaker) {
      await h.fail()
      expect(h.state).toBe('open')
      h.clock.advance(1)
      await h.succeed()
      expect(h.state).toBe('closed')
      const other = new CircuitHarness(breaker, { failureThreshold: 2 }, 'timed')
      const call = other.start()
      await other.clock.advanceAsync(T - 1)
      expect(call.ends).toEqual([])
      await other.clock.advanceAsync(1)
      expect(call.ends).toEqual(['timeout'])
      expect(other.circuit.consecutiveFailures).toBe(1)
      await other.fail()
      expect(other.state).toBe('open')
      await other.verify()
    },
  },
  {
    title: '28. one options object serves many circuits: they share no state through it, and it is not changed',
    async check(_, breaker) {
      const policy = Object.freeze({ failureThreshold: 2, recoveryTimeoutMs: R, successThreshold: 1, timeoutMs: T })
      const resolved = resolveCircuitPolicy(policy)
      const before = { ...resolved }
      const [one, two] = [new CircuitHarness(breaker, policy, 'one'), new CircuitHarness(breaker, policy, 'two')]
      const twin = new Circuit({ name: 'one', policy: resolved, breaker, clock: two.clock })
      await one.trip()
      expect(two.state).toBe('closed')
      expect(twin.state).toBe('closed')
      await two.succeed()
      await two.fail()
      expect(two.circuit.consecutiveFailures).toBe(1)
      one.circuit.dispose()
      await two.succeed()
      expect(await twin.execute({ startedAt: two.clock.now(), run: () => 'value' })).toBe('value')
      twin.dispose()
      expect(resolved).toEqual(before)
      await two.verify()
    },
  },
]
