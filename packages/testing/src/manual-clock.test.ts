import { expect, test } from 'vitest'
import { ManualClock } from './manual-clock.ts'

/** A clock with a log of what ran when, on its own time. */
function setUp() {
  const clock = new ManualClock({ nowMs: 0 })
  const log: string[] = []
  const set = (name: string, delayMs: number) => clock.setTimer(() => log.push(`${name} at ${clock.now()}`), delayMs)
  return { clock, log, set }
}

test('time stands still until it is moved, and both clocks move together', () => {
  const clock = new ManualClock()
  const [now, wall] = [clock.now(), clock.wallNow()]
  expect([now, wall]).toEqual([1_000, Date.UTC(2026, 0, 1)])
  clock.advance(5)
  expect([clock.now() - now, clock.wallNow() - wall]).toEqual([5, 5])
  clock.advance(0)
  expect(clock.now() - now).toBe(5)
})

test('timers run in the order in which they come due, each at its own time', () => {
  const { clock, log, set } = setUp()
  set('late', 20)
  set('first', 10)
  set('second', 10)
  set('now', -5)
  clock.advance(19)
  expect(log).toEqual(['now at 0', 'first at 10', 'second at 10'])
  expect(clock.pendingTimers).toBe(1)
  clock.advance(1)
  expect(log.at(-1)).toBe('late at 20')
  expect(clock.pendingTimers).toBe(0)
})

test('a timer that is set while time moves on runs in the same advance when it comes due in it', () => {
  const { clock, log, set } = setUp()
  clock.setTimer(() => {
    set('in time', 5)
    set('too late', 6)
  }, 10)
  clock.advance(15)
  expect(log).toEqual(['in time at 15'])
})

test('a cancelled timer does not run; to cancel one that has run, or twice, does nothing', () => {
  const { clock, log, set } = setUp()
  const [cancelled, run] = [set('cancelled', 1), set('run', 2)]
  cancelled.cancel()
  cancelled.cancel()
  expect(clock.pendingTimers).toBe(1)
  clock.advance(2)
  set('other', 1)
  run.cancel()
  clock.advance(1)
  expect(log).toEqual(['run at 2', 'other at 3'])
})

test('a step of the wall clock moves neither time nor timers', () => {
  const { clock, log, set } = setUp()
  set('timer', 10)
  const wall = clock.wallNow()
  clock.stepWall(-3_600_000)
  clock.advance(9)
  expect([clock.now(), clock.wallNow() - wall, log]).toEqual([9, 9 - 3_600_000, []])
})

test('a starved event loop runs no timer; what came due meanwhile runs late, but in order', () => {
  const { clock, log, set } = setUp()
  set('second', 20)
  set('first', 10)
  clock.starve(100)
  expect([clock.now(), log]).toEqual([100, []])
  clock.advance(0)
  expect(log).toEqual(['first at 100', 'second at 100'])
})

test('promise continuations run before, between and after the timers of an asynchronous advance', async () => {
  const { clock, log } = setUp()
  const wait = (delayMs: number) => new Promise<void>((resolve) => void clock.setTimer(resolve, delayMs))
  void (async () => {
    await Promise.resolve()
    await wait(10)
    log.push(`first at ${clock.now()}`)
    await wait(10)
    log.push(`second at ${clock.now()}`)
  })()
  await clock.advanceAsync(20)
  expect(log).toEqual(['first at 10', 'second at 20'])
})

test('time does not run backwards, and a chain of timers without end is an error rather than a hang', async () => {
  const { clock } = setUp()
  expect(() => clock.advance(-1)).toThrow('ms must be 0 or more, because a clock does not go back; received -1')
  expect(() => clock.starve(Number.NaN)).toThrow(RangeError)
  const again = () => void clock.setTimer(again, 0)
  again()
  expect(() => clock.advance(1)).toThrow('timers ran in one advance: probably timers set timers without end')
})
