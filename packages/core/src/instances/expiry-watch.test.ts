import { ManualClock } from '@svcproxy/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { systemClock } from '../clock.ts'
import { type Expiring, ExpiryWatch, expiryWatchOf } from './expiry-watch.ts'

const ending = (freshUntil: number): Expiring => ({ freshUntil, farFromEnd: false })

function setUp() {
  const clock = new ManualClock()
  return { clock, watch: new ExpiryWatch(clock), now: clock.now() }
}

describe('a watch', () => {
  test('says that an end is far until two to three seconds before it', () => {
    const { clock, watch, now } = setUp()
    const expiring = ending(now + 60_000)
    watch.add(expiring)
    clock.advance(57_000 - 1)
    expect(expiring.farFromEnd).toBe(true)
    clock.advance(1_001)
    expect(expiring.farFromEnd).toBe(false)
    expect(clock.pendingTimers).toBe(0)
  })

  test('never says so of an end that is near already, nor keeps anything for it', () => {
    const { clock, watch, now } = setUp()
    for (const freshUntil of [now - 1, now, now + 1, now + 2_000]) {
      const expiring = ending(freshUntil)
      watch.add(expiring)
      expect(expiring.farFromEnd).toBe(false)
    }
    expect(clock.pendingTimers).toBe(0)
  })

  test('says so for ever, without a timer, of what has no end', () => {
    const { clock, watch } = setUp()
    const expiring = ending(Infinity)
    watch.add(expiring)
    expect([expiring.farFromEnd, clock.pendingTimers]).toEqual([true, 0])
    watch.remove(expiring)
    expect(expiring.farFromEnd).toBe(false)
  })

  test('has one timer however much it watches, and none when that was removed', () => {
    const { clock, watch, now } = setUp()
    const all = Array.from({ length: 10_000 }, (_, n) => ending(now + 10_000 + n * 7))
    for (const expiring of all) watch.add(expiring)
    expect(clock.pendingTimers).toBe(1)
    for (const expiring of all) watch.remove(expiring)
    expect(clock.pendingTimers).toBe(0)
    expect(all.some(({ farFromEnd }) => farFromEnd)).toBe(false)
  })

  test('removing what it does not watch changes nothing', () => {
    const { clock, watch, now } = setUp()
    const watched = ending(now + 60_000)
    watch.add(watched)
    watch.remove(ending(now + 60_000))
    watch.remove(ending(now + 90_000))
    expect([watched.farFromEnd, clock.pendingTimers]).toEqual([true, 1])
  })

  test('is one for all that share a clock', () => {
    const clock = new ManualClock()
    expect(expiryWatchOf(clock)).toBe(expiryWatchOf(clock))
    expect(expiryWatchOf(clock)).not.toBe(expiryWatchOf(systemClock))
  })

  test('in any order of adding, removing and waiting it is right about every end', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('add' as const), ms: fc.integer({ min: 0, max: 30_000 }) }),
      fc.record({ do: fc.constant('remove' as const), which: fc.nat() }),
      fc.record({ do: fc.constant('advance' as const), ms: fc.integer({ min: 0, max: 9_000 }) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { clock, watch } = setUp()
        const watched: Expiring[] = []
        const gone: Expiring[] = []
        for (const next of steps) {
          if (next.do === 'advance') {
            clock.advance(next.ms)
          } else if (next.do === 'add') {
            const expiring = ending(clock.now() + next.ms)
            watched.push(expiring)
            watch.add(expiring)
          } else if (watched.length > 0) {
            const [removed] = watched.splice(next.which % watched.length, 1)
            watch.remove(removed!)
            gone.push(removed!)
          }
          for (const { freshUntil, farFromEnd } of watched) {
            const leftMs = freshUntil - clock.now()
            const isRight = farFromEnd ? leftMs > 2_000 : leftMs <= 3_000
            expect(isRight, `${leftMs} ms left, far from its end: ${farFromEnd}`).toBe(true)
          }
          expect(gone.some(({ farFromEnd }) => farFromEnd)).toBe(false)
          const far = watched.filter(({ farFromEnd }) => farFromEnd)
          expect(clock.pendingTimers).toBe(far.length > 0 ? 1 : 0)
        }
      }),
    )
  })
})
