import { AsyncLocalStorage } from 'node:async_hooks'
import { CircuitOpenError, ServiceTimeoutError, StoppedError } from '@svcproxy/core'
import type { AttemptContext } from '@svcproxy/core/adapter'
import { expect } from 'vitest'
import { type BreakerContractCase, errorOf, F, R, S, T } from './harness.ts'

/** Promises about a single call: cases 13 to 18, 25, 29, 31, 33, and that no error of the library leaks. */
export const attemptCases: readonly BreakerContractCase[] = [
  {
    title: '13. an error that is no failure is an answer: it resets the count, and as a trial it is a success',
    policy: { isFailure: (error) => error !== 'not found' },
    async check(h) {
      await h.fail(F - 1)
      expect(errorOf(await h.run(() => Promise.reject('not found')))).toBe('not found')
      expect(h.circuit.consecutiveFailures, 'it resets the count').toBe(0)
      await h.fail(F)
      h.clock.advance(R)
      for (let count = 0; count < S; count++) {
        expect(h.state).toBe('half_open')
        expect(errorOf(await h.run(() => Promise.reject('not found')))).toBe('not found')
      }
      expect(h.state, 'closed after S answers').toBe('closed')
    },
  },
  {
    title: '14. a trial that its caller aborts is neutral: the caller gets the reason, and the permit is returned',
    async check(h) {
      await h.halfOpen()
      const reason = new Error('the client disconnected')
      const controller = new AbortController()
      const trial = h.start(undefined, controller.signal)
      const { signal } = trial.context
      await h.expectRefused()
      controller.abort(reason)
      expect(errorOf(await trial.answer)).toBe(reason)
      expect(trial.ends).toEqual(['aborted'])
      expect(signal.reason).toBe(reason)
      expect(h.state).toBe('half_open')
      const next = h.start()
      expect(next.runs).toBe(1)
      expect(next.context.signal.aborted).toBe(false)
      trial.reject()
      next.resolve()
      await next.answer
      await h.succeed(S - 1)
      expect(h.state, 'what an aborted trial did later is ignored').toBe('closed')
    },
  },
  {
    title: '15. a trial that hangs is a failure at its deadline, and when its lease ends even if no timer ran',
    async check(h) {
      await h.halfOpen()
      const hung = h.start()
      await h.clock.advanceAsync(T)
      expect(errorOf(await hung.answer)).toBeInstanceOf(ServiceTimeoutError)
      expect(h.state).toBe('open')
      expect(h.circuit.retryAfterMs).toBe(R)
      h.clock.advance(R)
      const starved = h.start()
      h.clock.starve(T)
      expect(h.state).toBe('half_open')
      await h.expectRefused()
      h.clock.starve(60_000)
      expect(h.state, 'the trial is given up although nobody reported it').toBe('open')
      starved.resolve()
      await starved.answer
      expect(h.state).toBe('open')
      expect(h.circuit.retryAfterMs).toBe(R)
    },
  },
  {
    title: '16. a timeout counts as a failure and aborts its own signal only; the next call has a fresh one',
    async check(h) {
      const slow = h.start()
      const slowSignal = slow.context.signal
      await h.clock.advanceAsync(1)
      const neighbour = h.start()
      const neighbourSignal = neighbour.context.signal
      await h.clock.advanceAsync(T - 1)
      const error = errorOf(await slow.answer)
      expect(error).toBeInstanceOf(ServiceTimeoutError)
      expect(slow.ends).toEqual(['timeout'])
      expect(slowSignal.aborted).toBe(true)
      expect(slowSignal.reason).toBe(error)
      expect(neighbourSignal.aborted).toBe(false)
      expect(h.circuit.consecutiveFailures).toBe(1)
      const next = h.start()
      expect(next.context.signal.aborted).toBe(false)
      neighbour.resolve()
      next.resolve()
      expect(await neighbour.answer).toEqual({ value: 'value' })
      expect(await next.answer).toEqual({ value: 'value' })
      expect(neighbourSignal.aborted, 'a call that was answered in time is not aborted later').toBe(false)
      const hung = Array.from({ length: F }, () => h.start())
      await h.clock.advanceAsync(T)
      expect(hung.map(({ ends }) => ends[0])).toEqual(Array.from({ length: F }, () => 'timeout'))
      expect(h.entered).toEqual(['open'])
    },
  },
  {
    title: '17. what a call does after its deadline is ignored, and is never an unhandled rejection',
    async check(h) {
      const unhandled: unknown[] = []
      const listener = (reason: unknown) => unhandled.push(reason)
      process.on('unhandledRejection', listener)
      try {
        const late = h.start()
        const failsLate = (fail: (error: Error) => void) => h.clock.setTimer(() => fail(new Error('late')), T + 1)
        const lateFailure = h.start(() => new Promise((_, reject) => void failsLate(reject)))
        await h.clock.advanceAsync(T)
        await Promise.all([late.answer, lateFailure.answer])
        expect(h.circuit.consecutiveFailures).toBe(2)
        late.resolve()
        await h.clock.advanceAsync(1)
        expect(h.circuit.consecutiveFailures).toBe(2)
        expect([late.endings, lateFailure.endings], 'the end of the work is reported all the same').toEqual([1, 1])
        await h.fail(F - 2)
        await h.expectRefused()
        await h.clock.settle()
        expect(unhandled).toEqual([])
      } finally {
        process.off('unhandledRejection', listener)
      }
    },
  },
  {
    title: '18. a synchronous throw, a plain value, undefined and a foreign thenable behave like a promise',
    async check(h) {
      const error = new Error('thrown')
      const thrower = h.start(() => {
        throw error
      })
      expect(errorOf(await thrower.answer)).toBe(error)
      expect(thrower.ends).toEqual(['rejected'])
      expect(h.circuit.consecutiveFailures).toBe(1)
      for (const value of ['value', undefined, null, 0, false, new Error('returned')]) {
        expect(await h.run(() => value)).toEqual({ value })
        expect(h.circuit.consecutiveFailures).toBe(0)
      }
      expect(await h.run(() => ({ then: (resolve: (value: string) => void) => resolve('thenable') }))).toEqual({
        value: 'thenable',
      })
      const own = h.own(new Error('thenable'))
      const thenable = { then: (_: unknown, reject: (reason: unknown) => void) => reject(own) }
      expect(errorOf(await h.run(() => thenable))).toBe(own)
      expect(h.circuit.consecutiveFailures).toBe(1)
    },
  },
  {
    title: '25. disposed with calls in flight: they are answered, nothing is revived, and no timer is left',
    async check(h) {
      await h.fail(F - 1)
      const [good, bad, hung] = [h.start(), h.start(), h.start()]
      h.circuit.dispose()
      h.circuit.dispose()
      bad.reject()
      expect(errorOf(await bad.answer)).toBeInstanceOf(Error)
      expect(h.transitions, 'the fifth failure came after the end').toEqual([])
      good.resolve()
      expect(await good.answer).toEqual({ value: 'value' })
      expect(h.circuit.consecutiveFailures, 'and so did the success').toBe(F - 1)
      const refused = h.start(() => 'ran')
      expect(errorOf(await refused.answer)).toBeInstanceOf(StoppedError)
      expect(refused.runs).toBe(0)
      await h.clock.advanceAsync(T)
      expect(errorOf(await hung.answer)).toBeInstanceOf(ServiceTimeoutError)
      h.circuit.reset()
      h.circuit.isolate()[Symbol.dispose]()
      expect(h.transitions).toEqual([])
      expect(h.clock.pendingTimers).toBe(0)
    },
  },
  {
    title: '29. an event loop that runs no timers still recovers after the recovery timeout',
    async check(h) {
      await h.trip()
      h.clock.starve(R - 1)
      await h.expectRefused()
      h.clock.starve(1)
      await h.succeed(S)
      expect(h.state).toBe('closed')
    },
  },
  {
    title: '31. the async context of the caller is seen by the operation, by a fallback and by listeners',
    async check(h) {
      const context = new AsyncLocalStorage<string>()
      const seen: unknown[] = []
      h.onTransition = () => seen.push(['listener', context.getStore()])
      const callAs = (who: string) =>
        context.run(who, () =>
          h
            .run(async () => {
              seen.push(['operation', context.getStore()])
              await Promise.resolve()
              throw new Error('service failed')
            })
            .then(() => seen.push(['fallback', context.getStore()])),
        )
      await h.fail(F - 1)
      await callAs('ada')
      expect(seen).toEqual([
        ['operation', 'ada'],
        ['listener', 'ada'],
        ['fallback', 'ada'],
      ])
      seen.length = 0
      await callAs('bob')
      expect(seen, 'a rejected caller is in its own context, too').toEqual([['fallback', 'bob']])
      seen.length = 0
      h.clock.advance(R)
      const trial = context.run('eve', () => h.start())
      const answered = context.run('eve', async () => {
        await trial.answer
        seen.push(['fallback', context.getStore()])
      })
      await h.clock.advanceAsync(T)
      await answered
      expect(seen, 'and so is one whose call timed out').toContainEqual(['fallback', 'eve'])
    },
  },
  {
    title: 'in any case the caller gets the value or the error of its operation, or an error of svcproxy',
    async check(h) {
      const failures = [undefined, null, 0, '', false, Object.freeze(new Error('frozen')), Symbol('odd'), () => 'odd']
      for (const failure of failures) {
        expect(errorOf(await h.run(() => Promise.reject(failure)))).toBe(failure)
        await h.succeed()
      }
      expect(h.state).toBe('closed')
      const codes = ['EOPENBREAKER', 'ETIMEDOUT', 'ESHUTDOWN', 'ESEMLOCKED']
      for (const code of codes) {
        const lookalike = Object.assign(new Error('not of the breaker'), { code })
        expect(errorOf(await h.run(() => Promise.reject(lookalike)))).toBe(lookalike)
        await h.succeed()
      }
      await h.trip()
      expect(await h.expectRefused()).toBeInstanceOf(CircuitOpenError)
    },
  },
  {
    title: '33. the second part of a trial gets the full time again: its deadline and its lease start over',
    async check(h) {
      await h.halfOpen()
      const parts = { endFirst: (): void => {}, endSecond: (): void => {} }
      const first = new Promise<void>((resolve) => (parts.endFirst = resolve))
      const second = new Promise<void>((resolve) => (parts.endSecond = resolve))
      const trial = {
        startedAt: h.clock.now(),
        run: async (context: AttemptContext) => {
          await first
          trial.startedAt = h.clock.now()
          context.restartDeadline()
          await second
          return 'value'
        },
      }
      const answer = h.circuit.execute(trial)
      await h.clock.advanceAsync(T - 1)
      parts.endFirst()
      await h.clock.settle()
      await h.clock.advanceAsync(T - 1)
      expect(h.state).toBe('half_open')
      await h.expectRefused()
      parts.endSecond()
      expect(await answer).toBe('value')
      expect(h.circuit.exportState().successes, 'both parts are one trial').toBe(1)
    },
  },
]
