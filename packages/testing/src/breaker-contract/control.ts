import { expect, vi } from 'vitest'
import { type BreakerContractCase, CircuitHarness, F, R, S } from './harness.ts'

/** What operators and listeners may do, and the cost of many circuits: cases 19, 20, 22 and 30. */
export const controlCases: readonly BreakerContractCase[] = [
  {
    title: '19. with two isolation handles, disposing the second one releases it, and each handle counts once',
    async check(h) {
      const [one, two] = [h.circuit.isolate(), h.circuit.isolate()]
      expect(h.state).toBe('isolated')
      const error = await h.expectRefused()
      expect(error.retryAfterMs, 'nobody knows when an isolation ends').toBeUndefined()
      await h.clock.advanceAsync(10 * R)
      await h.expectRefused()
      h.circuit.reset()
      expect(h.state, 'a reset does not end an isolation').toBe('isolated')
      one[Symbol.dispose]()
      one[Symbol.dispose]()
      expect(h.state).toBe('isolated')
      await h.expectRefused()
      two[Symbol.dispose]()
      expect(h.state).toBe('closed')
      await h.succeed()
      expect(h.entered).toEqual(['isolated', 'closed'])
    },
  },
  {
    title:
      '20. isolating an open circuit and releasing it make one event each; a reset closes it and resets its counts',
    async check(h) {
      await h.trip()
      const handle = h.circuit.isolate()
      handle[Symbol.dispose]()
      expect(h.entered).toEqual(['open', 'isolated', 'closed'])
      await h.fail(F - 1)
      h.circuit.reset()
      expect(h.entered, 'a reset of a closed circuit is no event').toEqual(['open', 'isolated', 'closed'])
      expect(h.circuit.consecutiveFailures).toBe(0)
      await h.fail(F - 1)
      expect(h.state).toBe('closed')
      await h.fail()
      h.circuit.reset()
      h.circuit.reset()
      expect(h.state).toBe('closed')
      await h.succeed()
      await h.halfOpen()
      await h.succeed(S - 1)
      h.circuit.reset()
      expect(h.entered.slice(3)).toEqual(['open', 'closed', 'open', 'half_open', 'closed'])
    },
  },
  {
    title: '22. a listener may call, reset and isolate from inside a transition without corrupting anything',
    async check(h) {
      const nested: Promise<unknown>[] = []
      let resets = 0
      h.onTransition = ({ to }) => {
        if (to === 'open' && resets++ === 0) {
          nested.push(h.expectRefused())
          h.circuit.reset()
          nested.push(h.succeed())
        }
      }
      await h.fail(F)
      await Promise.all(nested)
      expect(h.state).toBe('closed')
      expect(h.entered).toEqual(['open', 'closed'])
      await h.fail(F)
      expect(h.state, 'the listener did nothing this time').toBe('open')
      h.onTransition = ({ to }) => {
        if (to === 'half_open') {
          const handle = h.circuit.isolate()
          nested.push(h.expectRefused())
          handle[Symbol.dispose]()
        }
      }
      h.clock.advance(R)
      await h.succeed()
      await Promise.all(nested)
      expect(h.entered.slice(2)).toEqual(['open', 'half_open', 'isolated', 'closed'])
    },
  },
  {
    title: '30. ten thousand idle closed circuits have no timers of their own',
    async check(h, breaker) {
      const [timeouts, intervals] = [vi.spyOn(globalThis, 'setTimeout'), vi.spyOn(globalThis, 'setInterval')]
      const before = process.getActiveResourcesInfo().length
      try {
        const many = Array.from({ length: 10_000 }, (_, index) => new CircuitHarness(breaker, {}, `idle-${index}`))
        expect(many.reduce((sum, { clock }) => sum + clock.pendingTimers, 0)).toBe(0)
        expect(timeouts.mock.calls.length + intervals.mock.calls.length, 'one timer for all is fine').toBeLessThan(2)
        expect(process.getActiveResourcesInfo().length - before, 'nothing keeps the process alive').toBe(0)
        await many[0]?.succeed()
        for (const { circuit } of many) circuit.dispose()
      } finally {
        timeouts.mockRestore()
        intervals.mockRestore()
      }
      await h.succeed()
    },
  },
]
