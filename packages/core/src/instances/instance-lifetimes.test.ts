import { AsyncLocalStorage } from 'node:async_hooks'
import { PassThrough } from 'node:stream'
import { ReadableStream } from 'node:stream/web'
import type { ReadableStreamDefaultReader } from 'node:stream/web'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { ManualClock } from '@svcproxy/testing'
import { describe, expect, test } from 'vitest'
import { ServiceUnavailableError } from '../errors.ts'
import { InstanceLifetimes } from './instance-lifetimes.ts'
import type { Instance } from './instance-lifetimes.ts'

interface Service {
  readonly name: string
}

const GRACE_MS = 1_000
/** The longest that anything may hold an instance that was replaced. */
const HOUR_MS = 3_600_000

const a: Service = { name: 'a' }
const b: Service = { name: 'b' }

interface Setup<T> {
  readonly disposeGraceMs?: number
  readonly timeoutMs?: number
  /** Undefined: the instances are borrowed. */
  readonly dispose?: ((service: T) => void | PromiseLike<void>) | undefined
  readonly onDisposed?: () => void
}

function setUp<T = Service>(options: Setup<T> = {}) {
  const clock = new ManualClock()
  const disposed: T[] = []
  const reports: { readonly error?: unknown }[] = []
  const { disposeGraceMs = GRACE_MS, timeoutMs = 5_000, onDisposed } = options
  const { dispose } = { dispose: (service: T) => void disposed.push(service), ...options }
  const lifetimes = new InstanceLifetimes<T>({
    proxy: { name: 'db' },
    settings: {
      clock,
      disposeGraceMs,
      timeoutMs,
      provider: {
        serviceName: 'db',
        ownership: dispose === undefined ? 'borrowed' : 'owned',
        getService: () => Promise.reject(new Error('is not asked')),
        checkHealth: () => true,
        ...(dispose === undefined ? {} : { disposeService: dispose }),
      },
    },
    events: {
      emit(event) {
        reports.push('error' in event ? { error: event.error } : {})
        onDisposed?.()
      },
    },
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
    expect(instance).toMatchObject({
      service: a,
      owned: true,
      current: false,
      leases: 0,
      exposed: false,
      trusted: true,
      holds: undefined,
    })
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
    expect(() => lifetimes.adopt(a)).toThrow(
      "Service 'db' is unavailable: its provider returned an instance that was already",
    )
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

  test('is not for one that nobody was handed and no call used: a health check only leased it', async () => {
    const { lifetimes, clock, disposed, current } = setUp()
    const instance = current(a)
    lifetimes.lease(instance)
    lifetimes.retire(instance)
    lifetimes.release(instance)
    await clock.settle()
    expect(disposed).toEqual([a])
    expect(clock.pendingTimers).toBe(0)
  })

  test('counts from the last release, if that is later than the replacement', async () => {
    const { lifetimes, clock, disposed, current } = setUp()
    const instance = current(a)
    instance.exposed = true
    lifetimes.lease(instance, 2)
    lifetimes.retire(instance)
    clock.advance(400)
    lifetimes.release(instance)
    await clock.advanceAsync(5_000)
    expect(disposed).toEqual([])
    lifetimes.release(instance)
    await clock.advanceAsync(GRACE_MS - 1)
    expect(disposed).toEqual([])
    await clock.advanceAsync(1)
    expect(disposed).toEqual([a])
    expect(clock.pendingTimers).toBe(0)
  })

  test('counts from the replacement, if all was let go before', async () => {
    const { lifetimes, clock, disposed, current } = setUp()
    const instance = current(a)
    instance.exposed = true
    lifetimes.lease(instance)
    clock.advance(400)
    lifetimes.release(instance)
    clock.advance(5_000)
    lifetimes.retire(instance)
    await clock.advanceAsync(GRACE_MS - 1)
    expect(disposed).toEqual([])
    await clock.advanceAsync(1)
    expect(disposed).toEqual([a])
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

  test('of an instance that was let go late does not prolong that of another', async () => {
    const { lifetimes, clock, disposed, current } = setUp()
    const [first, second] = [current(a), current(b)]
    for (const instance of [first, second]) instance.exposed = true
    lifetimes.lease(first)
    lifetimes.retire(first)
    clock.advance(600)
    lifetimes.retire(second)
    clock.advance(300)
    lifetimes.release(first)
    expect(clock.pendingTimers).toBe(1)
    await clock.advanceAsync(699)
    expect(disposed).toEqual([])
    await clock.advanceAsync(1)
    expect(disposed).toEqual([b])
    expect(clock.pendingTimers).toBe(1)
    await clock.advanceAsync(299)
    expect(disposed).toEqual([b])
    await clock.advanceAsync(1)
    expect(disposed).toEqual([b, a])
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
    await clock.advanceAsync(5_000)
    expect(disposed).toEqual([])
    lifetimes.release(second)
    await clock.advanceAsync(GRACE_MS - 1)
    expect(disposed).toEqual([])
    await clock.advanceAsync(1)
    expect(disposed).toEqual([b])
    expect(clock.pendingTimers).toBe(0)
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

describe('anything that never ends', () => {
  test('holds an instance for an hour after it was replaced: a call that was given up', async () => {
    const { lifetimes, clock, disposed, current } = setUp()
    const instance = current(a)
    instance.exposed = true
    lifetimes.lease(instance)
    await clock.advanceAsync(2 * HOUR_MS)
    lifetimes.retire(instance)
    await clock.advanceAsync(HOUR_MS - 1)
    expect(disposed).toEqual([])
    await clock.advanceAsync(1)
    expect(disposed).toEqual([a])
    expect(clock.pendingTimers).toBe(0)
  })

  test('that ends after all changes nothing any more', async () => {
    const { lifetimes, clock, disposed, reports, current } = setUp()
    const instance = current(a)
    instance.exposed = true
    lifetimes.lease(instance)
    lifetimes.retire(instance)
    await clock.advanceAsync(HOUR_MS)
    lifetimes.release(instance)
    await clock.advanceAsync(HOUR_MS)
    expect([disposed, reports]).toEqual([[a], [{}]])
    expect(instance.leases).toBe(0)
    expect(clock.pendingTimers).toBe(0)
    await lifetimes.end()
  })

  test('holds it as long as a call may last, if that is longer', async () => {
    const { lifetimes, clock, disposed, current } = setUp({ timeoutMs: 3 * HOUR_MS })
    const instance = current(a)
    lifetimes.lease(instance)
    lifetimes.retire(instance)
    await clock.advanceAsync(3 * HOUR_MS - 1)
    expect(disposed).toEqual([])
    await clock.advanceAsync(1)
    expect(disposed).toEqual([a])
  })

  test('holds a borrowed one for ever, and that needs no timer', async () => {
    const { lifetimes, clock, current } = setUp({ dispose: undefined })
    const instance = current(a)
    lifetimes.lease(instance)
    lifetimes.retire(instance)
    expect(clock.pendingTimers).toBe(0)
    clock.advance(5 * HOUR_MS)
    expect(lifetimes.adopt(a)).toBe(instance)
  })
})

/** Rows that come one by one. */
async function* rows(count = 3): AsyncGenerator<number> {
  for (let row = 0; row < count; row++) yield row
}

describe('what is being read', () => {
  /** An instance on which a call returned `result`; the call has ended and the instance was replaced. */
  function reading(result: object, options: Setup<Service> = {}) {
    const made = setUp(options)
    const instance = made.current(a)
    instance.exposed = true
    made.lifetimes.lease(instance)
    made.lifetimes.holdWhileRead(instance, result)
    made.lifetimes.release(instance)
    made.lifetimes.retire(instance)
    return { ...made, instance }
  }

  test('holds the instance from the call on, until it was read to its end, and then the grace begins', async () => {
    const result = rows()
    const { clock, disposed, instance } = reading(result)
    const read: number[] = []
    for await (const row of result) {
      read.push(row)
      await clock.advanceAsync(5_000)
      expect([disposed, instance.leases]).toEqual([[], 1])
    }
    expect(read).toEqual([0, 1, 2])
    await clock.settle()
    expect(instance.leases).toBe(0)
    await clock.advanceAsync(GRACE_MS - 1)
    expect(disposed).toEqual([])
    await clock.advanceAsync(1)
    expect(disposed).toEqual([a])
    expect(clock.pendingTimers).toBe(0)
  })

  test.each<[string, (read: AsyncGenerator<number>) => Promise<unknown>]>([
    ['its reader leaves', (read) => read.return(undefined)],
    ['its reader throws into it', (read) => read.throw(new Error('enough')).catch(() => undefined)],
  ])('holds the instance until %s', async (_, leave) => {
    const result = rows()
    const { clock, disposed, instance } = reading(result)
    await result.next()
    await clock.advanceAsync(5_000)
    expect([disposed, instance.leases]).toEqual([[], 1])
    await leave(result)
    await clock.settle()
    expect(instance.leases).toBe(0)
    await clock.advanceAsync(GRACE_MS)
    expect(disposed).toEqual([a])
  })

  test.each<[string, (stream: PassThrough) => void]>([
    ['ends', (stream) => void stream.end().resume()],
    ['is destroyed', (stream) => void stream.destroy()],
    ['fails', (stream) => void stream.on('error', () => undefined).destroy(new Error('cut'))],
  ])('holds the instance until the stream %s', async (_, end) => {
    const stream = new PassThrough()
    const { clock, disposed, instance } = reading(stream)
    stream.write('row')
    stream.read()
    await clock.advanceAsync(5_000)
    expect([disposed, instance.leases]).toEqual([[], 1])
    end(stream)
    await clock.settle()
    await clock.settle()
    expect(instance.leases).toBe(0)
    await clock.advanceAsync(GRACE_MS)
    expect(disposed).toEqual([a])
  })

  test('holds the current instance, too, without a timer', async () => {
    const { lifetimes, clock, current } = setUp()
    const instance = current(a)
    lifetimes.lease(instance)
    const result = rows()
    lifetimes.holdWhileRead(instance, result)
    lifetimes.release(instance)
    expect(instance.leases).toBe(1)
    expect(clock.pendingTimers).toBe(0)
    for await (const row of result) expect(row).toBeLessThan(3)
    await clock.settle()
    expect(instance.leases).toBe(0)
  })

  test('holds once, however often a call returns it', async () => {
    const result = rows()
    const { lifetimes, clock, instance } = reading(result)
    lifetimes.holdWhileRead(instance, result)
    expect(instance.leases).toBe(1)
    await result.return(undefined)
    await clock.settle()
    expect(instance.leases).toBe(0)
  })

  test('holds each of two instances that returned it', async () => {
    const result = rows()
    const { lifetimes, clock, disposed, current, instance } = reading(result)
    const other = current(b)
    lifetimes.lease(other)
    lifetimes.holdWhileRead(other, result)
    lifetimes.release(other)
    lifetimes.retire(other)
    await result.next()
    await clock.advanceAsync(5_000)
    expect([instance.leases, other.leases]).toEqual([1, 1])
    await result.return(undefined)
    await clock.advanceAsync(GRACE_MS)
    expect([instance.leases, other.leases]).toEqual([0, 0])
    expect(new Set(disposed)).toEqual(new Set([a, b]))
  })

  test('holds beside other results: the last of them ends it', async () => {
    const [first, second] = [rows(), rows()]
    const { lifetimes, clock, disposed, instance } = reading(first)
    lifetimes.holdWhileRead(instance, second)
    for (const result of [first, second]) await result.next()
    await first.return(undefined)
    await clock.advanceAsync(5_000)
    expect([disposed, instance.leases]).toEqual([[], 1])
    await second.return(undefined)
    await clock.advanceAsync(GRACE_MS)
    expect(disposed).toEqual([a])
  })

  test('and that nobody begins to read holds the instance only for the grace after it was replaced', async () => {
    const { lifetimes, clock, disposed, current } = setUp()
    const instance = current(a)
    instance.exposed = true
    lifetimes.lease(instance)
    const results = [rows(), rows(), new PassThrough()]
    for (const result of results) lifetimes.holdWhileRead(instance, result)
    lifetimes.release(instance)
    await clock.advanceAsync(2 * HOUR_MS)
    expect(instance.leases).toBe(3)
    lifetimes.retire(instance)
    await clock.advanceAsync(GRACE_MS - 1)
    expect([disposed, instance.leases]).toEqual([[], 3])
    await clock.advanceAsync(1)
    expect([disposed, instance.leases]).toEqual([[a], 0])
    expect(clock.pendingTimers).toBe(0)
  })

  test('and that was begun holds it for an hour after it was replaced, and no longer', async () => {
    const result = rows()
    const { clock, disposed } = reading(result)
    await result.next()
    await clock.advanceAsync(HOUR_MS - 1)
    expect(disposed).toEqual([])
    await clock.advanceAsync(1)
    expect(disposed).toEqual([a])
    expect(clock.pendingTimers).toBe(0)
    // It can still be read, as far as the service lets it.
    expect(await result.next()).toEqual({ done: false, value: 1 })
    await result.return(undefined)
    await clock.advanceAsync(HOUR_MS)
    expect(disposed).toEqual([a])
    expect(clock.pendingTimers).toBe(0)
  })

  test('and that is begun within the grace holds on', async () => {
    const result = rows()
    const { clock, disposed } = reading(result)
    await clock.advanceAsync(GRACE_MS - 1)
    await result.next()
    await clock.advanceAsync(HOUR_MS - GRACE_MS)
    expect(disposed).toEqual([])
  })

  test('and that comes of a call that ends after the replacement has its grace from then on', async () => {
    const { lifetimes, clock, disposed, current } = setUp()
    const instance = current(a)
    instance.exposed = true
    lifetimes.lease(instance)
    lifetimes.retire(instance)
    await clock.advanceAsync(5_000)
    lifetimes.holdWhileRead(instance, rows())
    lifetimes.release(instance)
    await clock.advanceAsync(GRACE_MS - 1)
    expect(disposed).toEqual([])
    await clock.advanceAsync(1)
    expect(disposed).toEqual([a])
  })

  test('is waited for by the end, as a lease is', async () => {
    const result = rows()
    const { lifetimes, clock, disposed } = reading(result)
    await result.next()
    const ended = lifetimes.end()
    await clock.advanceAsync(5_000)
    expect(await isSettled(ended, clock)).toBe(false)
    expect(disposed).toEqual([])
    await result.return(undefined)
    expect(await isSettled(ended, clock)).toBe(true)
    expect(disposed).toEqual([a])
    expect(clock.pendingTimers).toBe(0)
  })

  test('is waited for by the end only for the grace when nobody begins to read it', async () => {
    const result = rows()
    const { lifetimes, clock, disposed } = reading(result)
    const ended = lifetimes.end()
    await clock.advanceAsync(GRACE_MS - 1)
    expect(await isSettled(ended, clock)).toBe(false)
    await clock.advanceAsync(1)
    expect(await isSettled(ended, clock)).toBe(true)
    expect(disposed).toEqual([a])
  })

  test.each<[string, () => object]>([
    ['an async generator', () => rows()],
    ['a stream', () => new PassThrough()],
    ['a web stream', () => new ReadableStream({ pull: (controller) => controller.enqueue('row') })],
  ])('is let go when %s was begun and nobody has it any more', async (_, make) => {
    const { lifetimes, clock, disposed, current } = setUp()
    const instance = current(a)
    lifetimes.lease(instance)
    await (async () => {
      const result = make()
      lifetimes.holdWhileRead(instance, result)
      if (result instanceof PassThrough) result.read()
      else if (result instanceof ReadableStream) {
        const reader: ReadableStreamDefaultReader<unknown> = result.getReader()
        await reader.read()
      } else await (result as AsyncGenerator<number>).next()
    })()
    lifetimes.release(instance)
    lifetimes.retire(instance)
    expect(instance.leases).toBe(1)
    for (let turn = 0; instance.leases > 0 && turn < 20; turn++) {
      collectGarbage()
      await clock.settle()
    }
    expect(instance.leases).toBe(0)
    await clock.settle()
    expect(disposed).toEqual([a])
  })

  test('is held on to while only its iterator is left, which somebody may read', async () => {
    const { lifetimes, clock, current } = setUp()
    const instance = current(a)
    lifetimes.lease(instance)
    const iterator = (() => {
      const iterable = { [Symbol.asyncIterator]: () => plainIterator(3) }
      lifetimes.holdWhileRead(instance, iterable)
      return iterable[Symbol.asyncIterator]()
    })()
    lifetimes.release(instance)
    await iterator.next()
    for (let turn = 0; turn < 5; turn++) {
      collectGarbage()
      await clock.settle()
    }
    expect(instance.leases).toBe(1)
    for (let turn = 0; turn < 3; turn++) await iterator.next()
    await clock.settle()
    expect(instance.leases).toBe(0)
  })
})

/** An iterator that is no iterable and knows nothing of the iterable it belongs to. */
function plainIterator(count: number): AsyncIterator<number> {
  let row = 0
  return { next: async () => (row < count ? { done: false, value: row++ } : { done: true, value: undefined }) }
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
}

describe('a request', () => {
  test('that happens to cause a disposal, or the timer for one, has no part in it', async () => {
    const request = new AsyncLocalStorage<string>()
    const seen: unknown[] = []
    const dispose = (service: Service): void => void seen.push([service.name, request.getStore()])
    const { lifetimes, clock, current } = setUp({
      dispose,
      onDisposed: () => seen.push(['told', request.getStore()]),
    })
    const timers: unknown[] = []
    const { setTimer } = clock
    clock.setTimer = (...args) => {
      timers.push(request.getStore())
      return setTimer.apply(clock, args)
    }
    request.run('of somebody', () => {
      lifetimes.retire(current(a))
      const instance = current(b)
      instance.exposed = true
      lifetimes.retire(instance)
    })
    await clock.settle()
    await clock.advanceAsync(GRACE_MS)
    expect(seen).toEqual([
      ['a', undefined],
      ['told', undefined],
      ['b', undefined],
      ['told', undefined],
    ])
    expect(timers).toEqual([undefined])
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
