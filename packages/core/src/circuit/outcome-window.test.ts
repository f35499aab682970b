import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BUCKETS, CallWindow, TimeWindow } from './outcome-window.ts'
import type { OutcomeWindow } from './outcome-window.ts'

/** SVCPROXY_MODEL_STEPS sets how many calls each window is given at least. */
const STEPS = Number(process.env['SVCPROXY_MODEL_STEPS'] ?? 100_000)
const LENGTH = { minLength: 1, maxLength: 300, size: 'max' } as const

interface Call {
  readonly isBad: boolean
  readonly at: number
}

/** A call each, and how much time passes before it: none, a little, about a window, or many. */
const calls = (windowMs: number) =>
  fc.array(
    fc.record({
      isBad: fc.boolean(),
      afterMs: fc.oneof(
        { weight: 4, arbitrary: fc.constant(0) },
        { weight: 8, arbitrary: fc.double({ min: 0, max: windowMs / 5, noNaN: true }) },
        { weight: 2, arbitrary: fc.constantFrom(windowMs / BUCKETS, windowMs, windowMs * 0.9, windowMs * 1.1) },
        { weight: 1, arbitrary: fc.double({ min: windowMs, max: 1e9, noNaN: true }) },
      ),
    }),
    LENGTH,
  )

function compare<W>(
  settings: fc.Arbitrary<W>,
  make: (setting: W) => OutcomeWindow,
  expected: (all: readonly Call[], setting: W, now: number) => readonly Call[],
): number {
  const done = { steps: 0 }
  const history = settings.chain((setting) => fc.tuple(fc.constant(setting), calls(Number(setting))))
  const property = fc.property(history, ([setting, added]) => {
    const window = make(setting)
    const all: Call[] = []
    let now = 0
    for (const { isBad, afterMs } of added) {
      now += afterMs
      window.moveTo(now)
      const before = expected(all, setting, now)
      expect([window.calls, window.bad]).toEqual([before.length, before.filter((call) => call.isBad).length])
      window.add(isBad, now)
      all.push({ isBad, at: now })
      const inWindow = expected(all, setting, now)
      expect([window.calls, window.bad]).toEqual([inWindow.length, inWindow.filter((call) => call.isBad).length])
      done.steps++
    }
  })
  for (; done.steps < STEPS;) fc.assert(property)
  return done.steps
}

describe('a window counts what a list of all calls says', () => {
  test('of time, in whole tenths of it', { timeout: 60_000 }, () => {
    const windows = fc.constantFrom(1, 7, 100, 10_000)
    const steps = compare(
      windows,
      (windowMs) => new TimeWindow(windowMs),
      (all, windowMs, now) => {
        const bucket = (at: number): number => Math.floor(at / (windowMs / BUCKETS))
        return all.filter(({ at }) => bucket(at) > bucket(now) - BUCKETS)
      },
    )
    expect(steps).toBeGreaterThanOrEqual(STEPS)
  })

  test('of calls', { timeout: 60_000 }, () => {
    const sizes = fc.constantFrom(1, 2, 7, 8, 9, 100)
    const steps = compare(
      sizes,
      (size) => new CallWindow(size),
      (all, size) => all.slice(-size),
    )
    expect(steps).toBeGreaterThanOrEqual(STEPS)
  })
})

test('a time that goes back counts as the time it was', () => {
  const window = new TimeWindow(100)
  window.add(true, 1_000)
  window.add(false, 500)
  expect([window.calls, window.bad]).toEqual([2, 1])
})
