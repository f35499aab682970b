import { ManualClock } from '@svcproxy/testing'
import { describe, expect, test } from 'vitest'
import { ServiceUnavailableError } from './errors.ts'
import { InstanceLifetimes } from './instance-lifetimes.ts'
import type { Instance, InstanceLifetimesOptions } from './instance-lifetimes.ts'

interface Service {
  readonly name: string
}

const a: Service = { name: 'a' }
const b: Service = { name: 'b' }

function setUp<T = Service>(options: Partial<InstanceLifetimesOptions<T>> = {}) {
  const clock = new ManualClock()
  const disposed: T[] = []
  const reports: { readonly error?: unknown }[] = []
  const lifetimes = new InstanceLifetimes<T>({
    serviceName: 'db',
    clock,
    disposeGraceMs: 1_000,
    dispose: (service) => void disposed.push(service),
    onDisposed: (failure) => reports.push(failure),
    ...options,
  })
  /** As the cache does it: adopted, and what it holds. */
  function current(service: T): Instance<T> {
    const instance = lifetimes.adopt(service)
    instance.current = true
    return instance
  }
  return { clock, lifetimes, disposed, reports, current }
}

/** Whether `promise` has settled by the end of this turn. */
async function isSettled(promise: Promise<unknown>, clock: ManualClock): Promise<boolean> {
  let settled = false
  void promise.then(() => (settled = true))
  await clock.settle()
  return settled
}

describe('an instance', () => {
  test('is one for the same object, as long as it lives', () => {
    const { lifetimes } = setUp()
    const instance = lifetimes.adopt(a)
    expect(lifetimes.adopt(a)).toBe(instance)
    expect(lifetimes.adopt(b)).not.toBe(instance)
    expect(instance).toMatchObject({ service: a, owned: true, current: false, leases: 0, exposed: false })
  })

  test('has a promise of its service, made once', async () => {
    const { lifetimes } = setUp()
    const { promise } = lifetimes.adopt(a)
    expect(await promise).toBe(a)
    expect(lifetimes.adopt(a).promise).toBe(promise)
  })

  test('is owned where instances are disposed, borrowed where they are not, and an override always', () => {
    expect(setUp().lifetimes.adopt(a).owned).toBe(true)
    expect(setUp({ dispose: undefined }).lifetimes.adopt(a).owned).toBe(false)
    expect(setUp().lifetimes.adopt(a, false).owned).toBe(false)
  })
})

describe('an owned instance', () => {
  test('is disposed when it is retired and nobody uses it', async () => {
    const { lifetimes, clock, disposed, reports, current } = setUp()
    lifetimes.retire(current(a))
    await clock.settle()
    expect(disposed).toEqual([a])
    expect(reports).toEqual([{}])
  })

  test('is not disposed while it is the current one', async () => {
    const { lifetimes, clock, disposed, current } = setUp()
    const instance = current(a)
    lifetimes.lease(instance)
    lifetimes.release(instance)
    await clock.settle()
    expect(disposed).toEqual([])
  })

  test('is never disposed while it is leased: only after the last release', async () => {
    const { lifetimes, clock, disposed, current } = setUp()
    const instance = current(a)
    lifetimes.lease(instance)
    lifetimes.lease(instance, 2)
    lifetimes.retire(instance)
    for (const left of [2, 1]) {
      lifetimes.release(instance)
      clock.advance(1e6)
      await clock.settle()
      expect(instance.leases).toBe(left)
      expect(disposed).toEqual([])
    }
    lifetimes.release(instance)
    await clock.settle()
    expect(disposed).toEqual([a])
  })

  test('is disposed once, also when it is retired again', async () => {
    const { lifetimes, clock, disposed, current } = setUp()
    const instance = current(a)
    lifetimes.lease(instance)
    lifetimes.retire(instance)
    lifetimes.retire(instance)
    lifetimes.release(instance)
    await clock.settle()
    expect(disposed).toEqual([a])
  })

  test('that was disposed is not adopted again', async () => {
    const { lifetimes, clock, disposed, current } = setUp()
    lifetimes.retire(current(a))
    expect(() => lifetimes.adopt(a)).toThrow(ServiceUnavailableError)
    expect(() => lifetimes.adopt(a)).toThrow("Service 'db' is unavailable: its provider returned an instance already")
    await clock.settle()
    expect(() => lifetimes.adopt(a)).toThrow(ServiceUnavailableError)
    expect(disposed).toEqual([a])
  })

  test('that was disposed and is discarded is not disposed again', async () => {
    const { lifetimes, clock, disposed, current } = setUp()
    lifetimes.retire(current(a))
    lifetimes.discard(a)
    await clock.settle()
    lifetimes.discard(a)
    await clock.settle()
    expect(disposed).toEqual([a])
  })

  test('that is a function is one object like any other', async () => {
    const { lifetimes, clock, disposed } = setUp<() => void>()
    const service = (): void => undefined
    lifetimes.discard(service)
    lifetimes.discard(service)
    await clock.settle()
    expect(disposed).toEqual([service])
    expect(() => lifetimes.adopt(service)).toThrow(ServiceUnavailableError)
  })

  test('that is a plain value, such as a handle, may come again: it is another one', async () => {
    const { lifetimes, clock, disposed } = setUp<number | null>()
    for (const handle of [7, null, 7]) lifetimes.discard(handle)
    await clock.settle()
    expect(disposed).toEqual([7, null, 7])
    expect(lifetimes.adopt(7).service).toBe(7)
  })

  test('is disposed out of the way of whoever lets it go: what a disposal calls back into finds everything in order', async () => {
    const order: string[] = []
    const { lifetimes, clock, current } = setUp({ dispose: () => void order.push('disposed') })
    lifetimes.retire(current(a))
    order.push('retired')
    await clock.settle()
    expect(order).toEqual(['retired', 'disposed'])
  })
})

describe('a borrowed instance', () => {
  test('is never disposed, neither retired nor discarded nor at the end', async () => {
    const disposed: Service[] = []
    const { lifetimes, clock, reports, current } = setUp({ dispose: undefined })
    const override = lifetimes.adopt(b, false)
    override.exposed = true
    lifetimes.retire(current(a))
    lifetimes.retire(override)
    lifetimes.discard(a)
    await lifetimes.end()
    await clock.settle()
    expect([disposed, reports]).toEqual([[], []])
    expect(clock.pendingTimers).toBe(0)
  })

  test('that is retired is forgotten, and may come again', () => {
    const { lifetimes, current } = setUp({ dispose: undefined })
    const instance = current(a)
    lifetimes.retire(instance)
    const again = lifetimes.adopt(a)
    expect(again).not.toBe(instance)
    expect(again.service).toBe(a)
  })

  test('that is leased is remembered until it is let go', () => {
    const { lifetimes, current } = setUp({ dispose: undefined })
    const instance = current(a)
    lifetimes.lease(instance)
    lifetimes.retire(instance)
    expect(lifetimes.adopt(a)).toBe(instance)
    lifetimes.release(instance)
    expect(lifetimes.adopt(a)).not.toBe(instance)
  })
})

describe('grace', () => {
  test('is for an instance that was handed out: it lives on for disposeGraceMs after it was replaced', async () => {
    const { lifetimes, clock, disposed, current } = setUp()
    const instance = current(a)
    instance.exposed = true
    clock.advance(5_000)
    lifetimes.retire(instance)
    await clock.advanceAsync(999)
    expect(disposed).toEqual([])
    await clock.advanceAsync(1)
    expect(disposed).toEqual([a])
    expect(clock.pendingTimers).toBe(0)
  })

  test('is not for one that only calls used', async () => {
    const { lifetimes, clock, disposed, current } = setUp()
    const instance = current(a)
    lifetimes.lease(instance)
    lifetimes.retire(instance)
    lifetimes.release(instance)
    await clock.settle()
    expect(disposed).toEqual([a])
    expect(clock.pendingTimers).toBe(0)
  })

  test('runs beside the leases: whichever ends last ends the instance', async () => {
    const { lifetimes, clock, disposed, current } = setUp()
    const instance = current(a)
    instance.exposed = true
    lifetimes.lease(instance)
    lifetimes.retire(instance)
    clock.advance(400)
    lifetimes.release(instance)
    await clock.advanceAsync(599)
    expect(disposed).toEqual([])
    await clock.advanceAsync(1)
    expect(disposed).toEqual([a])

    const other = current(b)
    other.exposed = true
    lifetimes.lease(other)
    lifetimes.retire(other)
    await clock.advanceAsync(5_000)
    expect(disposed).toEqual([a])
    lifetimes.release(other)
    await clock.settle()
    expect(disposed).toEqual([a, b])
  })

  test('of several instances needs one timer, and each ends at its own time', async () => {
    const { lifetimes, clock, disposed, current } = setUp()
    const services = [1, 2, 3].map((id) => ({ name: String(id) }))
    for (const service of services) {
      const instance = current(service)
      instance.exposed = true
      lifetimes.retire(instance)
      expect(clock.pendingTimers).toBe(1)
      clock.advance(100)
    }
    for (const count of [1, 2, 3]) {
      await clock.advanceAsync(count === 1 ? 700 : 100)
      expect(disposed).toEqual(services.slice(0, count))
      expect(clock.pendingTimers).toBe(count === 3 ? 0 : 1)
    }
  })

  test('of an instance that was let go late is not prolonged by that of another', async () => {
    const { lifetimes, clock, disposed, current } = setUp()
    const [first, second] = [current(a), current(b)]
    for (const instance of [first, second]) instance.exposed = true
    lifetimes.lease(first)
    lifetimes.retire(first)
    clock.advance(600)
    lifetimes.retire(second)
    lifetimes.release(first)
    expect(clock.pendingTimers).toBe(1)
    await clock.advanceAsync(400)
    expect(disposed).toEqual([a])
    expect(clock.pendingTimers).toBe(1)
    await clock.advanceAsync(600)
    expect(disposed).toEqual([a, b])
    expect(clock.pendingTimers).toBe(0)
  })

  test('does not end an instance that became the current one again, or was leased again', async () => {
    const { lifetimes, clock, disposed, current } = setUp()
    const [first, second] = [current(a), current(b)]
    for (const instance of [first, second]) {
      instance.exposed = true
      lifetimes.retire(instance)
    }
    first.current = true
    lifetimes.lease(second)
    await clock.advanceAsync(1_000)
    expect(disposed).toEqual([])
    expect(clock.pendingTimers).toBe(0)
    lifetimes.release(second)
    await clock.settle()
    expect(disposed).toEqual([b])
  })

  test('begins anew when the instance is handed out and retired again', async () => {
    const { lifetimes, clock, disposed, current } = setUp()
    const instance = current(a)
    instance.exposed = true
    lifetimes.retire(instance)
    clock.advance(900)
    lifetimes.retire(instance)
    await clock.advanceAsync(999)
    expect(disposed).toEqual([])
    await clock.advanceAsync(1)
    expect(disposed).toEqual([a])
  })

  test('of 0 ms is none', async () => {
    const { lifetimes, clock, disposed, current } = setUp({ disposeGraceMs: 0 })
    const instance = current(a)
    instance.exposed = true
    lifetimes.retire(instance)
    await clock.settle()
    expect(disposed).toEqual([a])
  })
})

describe('an object that nobody will use', () => {
  test('is disposed at once when it is owned', async () => {
    const { lifetimes, clock, disposed } = setUp()
    lifetimes.discard(a)
    await clock.settle()
    expect(disposed).toEqual([a])
  })

  test('is left alone when it is in use already: current, leased, or within its grace', async () => {
    const { lifetimes, clock, disposed, current } = setUp()
    const instance = current(a)
    lifetimes.discard(a)
    expect(instance.current).toBe(true)
    lifetimes.lease(instance)
    lifetimes.retire(instance)
    lifetimes.discard(a)
    instance.exposed = true
    lifetimes.release(instance)
    lifetimes.discard(a)
    await clock.settle()
    expect(disposed).toEqual([])
    await clock.advanceAsync(1_000)
    expect(disposed).toEqual([a])
  })
})

describe('a disposal that throws', () => {
  const broken = new Error('broken')
  test.each([
    ['at once', () => Promise.reject(broken)],
    [
      'later',
      () => {
        throw broken
      },
    ],
  ])('%s is reported, harms nobody, and is not tried again', async (_, dispose) => {
    const { lifetimes, clock, reports, current } = setUp({ dispose })
    lifetimes.retire(current(a))
    await clock.settle()
    expect(reports).toEqual([{ error: broken }])
    expect(() => lifetimes.adopt(a)).toThrow(ServiceUnavailableError)
    lifetimes.discard(a)
    lifetimes.discard(b)
    await lifetimes.end()
    expect(reports).toEqual([{ error: broken }, { error: broken }])
  })
})

describe('the end', () => {
  test('is there at once when nothing is in use', async () => {
    const { lifetimes, clock } = setUp()
    expect(await isSettled(lifetimes.end(), clock)).toBe(true)
  })

  test('waits for the last lease, then for the disposal', async () => {
    let disposalEnded: (() => void) | undefined
    const { lifetimes, clock, current } = setUp({
      dispose: () => new Promise<void>((resolve) => (disposalEnded = resolve)),
    })
    const instance = current(a)
    lifetimes.lease(instance, 2)
    lifetimes.retire(instance)
    const ended = lifetimes.end()
    lifetimes.release(instance)
    expect(await isSettled(ended, clock)).toBe(false)
    lifetimes.release(instance)
    expect(await isSettled(ended, clock)).toBe(false)
    disposalEnded?.()
    expect(await isSettled(ended, clock)).toBe(true)
  })

  test('waits for a load under way, and for the disposal of what it brought', async () => {
    const { lifetimes, clock, disposed } = setUp()
    const arrived = lifetimes.enter()
    const ended = lifetimes.end()
    expect(await isSettled(ended, clock)).toBe(false)
    lifetimes.discard(a)
    arrived()
    expect(await isSettled(ended, clock)).toBe(true)
    expect(disposed).toEqual([a])
  })

  test('grants no grace, neither to those who have one nor to those who come', async () => {
    const { lifetimes, clock, disposed, current } = setUp()
    const [first, second] = [current(a), current(b)]
    first.exposed = true
    second.exposed = true
    lifetimes.retire(first)
    expect(clock.pendingTimers).toBe(1)
    lifetimes.lease(second)
    lifetimes.retire(second)
    const ended = lifetimes.end()
    await clock.settle()
    expect(disposed).toEqual([a])
    expect(clock.pendingTimers).toBe(0)
    lifetimes.release(second)
    await ended
    expect(disposed).toEqual([a, b])
    expect(clock.pendingTimers).toBe(0)
  })

  test('also waits for disposals that a disposal caused', async () => {
    const { lifetimes, current } = setUp({
      dispose: async (service) => {
        order.push(service.name)
        if (service === a) lifetimes.discard(b)
      },
    })
    const order: string[] = []
    lifetimes.retire(current(a))
    await lifetimes.end()
    expect(order).toEqual(['a', 'b'])
  })
})
