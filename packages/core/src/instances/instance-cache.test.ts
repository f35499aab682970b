import { AsyncLocalStorage } from 'node:async_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { ManualClock } from '@svcproxy/testing'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { TracedCall } from '../observing/call-trace.ts'
import { CircuitOpenError, ServiceUnavailableError, StoppedError } from '../errors.ts'
import { InstanceCache } from './instance-cache.ts'
import type { LifetimeContext } from './instance-lifetimes.ts'
import type { CacheContext, Loads } from './instance-cache.ts'
import type { Acquired } from './flight.ts'
import { InstanceLifetimes } from './instance-lifetimes.ts'
import type { Instance } from './instance-lifetimes.ts'

interface Service {
  readonly name: string
}

/** One call of the cache for an instance, answered when the test says so. */
interface Load {
  readonly candidate: Instance<Service> | undefined
  readonly trial: boolean
  readonly succeed: (service: Service) => void
  readonly fail: (error: unknown) => void
}

const a: Service = { name: 'a' }
const b: Service = { name: 'b' }
const c: Service = { name: 'c' }
const down = new Error('down')
const worse = new Error('worse')

interface Setup extends Partial<Omit<CacheContext<Service>['settings'], 'provider'>> {
  readonly borrowed?: boolean
  readonly renew?: 'check' | 'replace'
  readonly load?: Loads<Service>['load']
  /** Called in the middle of a load's synchronous beginning. */
  readonly onLoad?: () => void
}

function setUp({ borrowed = false, renew = 'replace', onLoad, load, ...settings }: Setup = {}) {
  const clock = new ManualClock()
  const disposed: Service[] = []
  const loads: Load[] = []
  const context: CacheContext<Service> & LifetimeContext<Service> = {
    proxy: { name: 'db' },
    events: { emit: () => undefined },
    settings: {
      clock,
      disposeGraceMs: 30_000,
      timeoutMs: 5_000,
      provider: {
        serviceName: 'db',
        ownership: borrowed ? 'borrowed' : 'owned',
        renew,
        getService: () => Promise.reject(new Error('is not asked')),
        checkHealth: () => true,
        disposeService: (service) => void disposed.push(service),
      },
      random: () => 1,
      cacheTtlMs: 1_000,
      cacheTtlJitterRatio: 0,
      staleWhileRevalidateMs: 0,
      staleIfErrorMs: 0,
      backoffInitialMs: 100,
      backoffMaxMs: 5_000,
      security: false,
      ...settings,
    },
  }
  const pending = {
    nextLoadAt: -Infinity,
    lateAnswers: 0,
    load:
      load ??
      ((candidate: Instance<Service> | undefined, trial: boolean) => {
        onLoad?.()
        return new Promise<Service>((succeed, fail) => loads.push({ candidate, trial, succeed, fail }))
      }),
  }
  const lifetimes = new InstanceLifetimes(context)
  const cache = new InstanceCache(context, lifetimes, pending)
  /** The cache holds `service`, and nobody uses it. */
  async function holding(service: Service): Promise<void> {
    const acquiring = cache.acquire(false)
    loads.at(-1)!.succeed(service)
    lifetimes.release((await acquiring).instance)
  }
  /** A load fails, and its caller is told. */
  async function expectFailure(error: unknown, trial = false): Promise<void> {
    const acquiring = cache.acquire(trial)
    loads.at(-1)!.fail(error)
    await expect(acquiring).rejects.toBe(error)
  }
  return { clock, cache, lifetimes, loads, pending, disposed, holding, expectFailure }
}

/** What was acquired, in a form that tests compare. */
async function what(acquiring: Promise<Acquired<Service>>): Promise<string> {
  const { instance, result } = await acquiring
  return `${result} ${instance.service.name}`
}

describe('an instance', () => {
  test('is loaded when it is first asked for, not before', async () => {
    const { cache, loads } = setUp()
    expect(loads).toHaveLength(0)
    expect(cache.current).toBeUndefined()
    expect(cache.loading).toBe(false)
    const acquiring = cache.acquire(false)
    expect(cache.loading).toBe(true)
    expect(loads).toMatchObject([{ candidate: undefined, trial: false }])
    loads[0]!.succeed(a)
    expect(await what(acquiring)).toBe('miss a')
    expect(cache.current?.service).toBe(a)
    expect(cache.loading).toBe(false)
  })

  test('is loaded once for all who ask meanwhile, and each of them holds a lease of its own', async () => {
    const { cache, loads } = setUp()
    const waiting = [1, 2, 3].map(() => cache.acquire(false))
    loads[0]!.succeed(a)
    const acquired = await Promise.all(waiting)
    expect(loads).toHaveLength(1)
    expect(acquired.map(({ instance }) => instance.service)).toEqual([a, a, a])
    expect(cache.current?.leases).toBe(3)
  })

  test('is fresh until its TTL is over, and not at that moment', async () => {
    const { cache, clock, loads, holding } = setUp()
    await holding(a)
    clock.advance(999)
    expect(cache.fresh(clock.now())?.service).toBe(a)
    expect(await what(cache.acquire(false))).toBe('hit a')
    clock.advance(1)
    expect(cache.fresh(clock.now())).toBeUndefined()
    const acquiring = cache.acquire(false)
    expect(loads).toHaveLength(2)
    loads[1]!.succeed(b)
    expect(await what(acquiring)).toBe('miss b')
  })

  test('has an age that counts from the end of its load', async () => {
    const { cache, clock, loads } = setUp()
    const acquiring = cache.acquire(false)
    clock.advance(900)
    loads[0]!.succeed(a)
    await acquiring
    clock.advance(999)
    expect(cache.fresh(clock.now())?.service).toBe(a)
  })

  test('that replaces another ends it', async () => {
    const { cache, clock, loads, disposed, holding } = setUp()
    await holding(a)
    clock.advance(1_000)
    await holding(b)
    await clock.settle()
    expect(loads).toHaveLength(2)
    expect(disposed).toEqual([a])
    expect(cache.current?.service).toBe(b)
  })

  test('that is loaded again and is the same object starts a new age and is not disposed', async () => {
    const { cache, clock, disposed, holding } = setUp()
    await holding(a)
    clock.advance(1_000)
    await holding(a)
    await clock.settle()
    clock.advance(999)
    expect(cache.fresh(clock.now())?.service).toBe(a)
    expect(cache.current?.current).toBe(true)
    expect(disposed).toEqual([])
  })
})

describe('cacheTtlMs', () => {
  test('0 caches nothing: who waits together shares a load, who comes later starts another', async () => {
    const { cache, clock, lifetimes, loads, disposed } = setUp({ cacheTtlMs: 0 })
    const first = [cache.acquire(false), cache.acquire(false)]
    loads[0]!.succeed(a)
    const [one, two] = await Promise.all(first)
    expect(cache.current).toBeUndefined()
    const later = cache.acquire(false)
    expect(loads).toHaveLength(2)
    loads[1]!.succeed(b)
    expect(await what(later)).toBe('miss b')
    lifetimes.release(one!.instance)
    await clock.settle()
    expect(disposed).toEqual([])
    lifetimes.release(two!.instance)
    await clock.settle()
    expect(disposed).toEqual([a])
  })

  test('Infinity keeps an instance until it is invalidated, whatever the jitter', async () => {
    const { cache, clock, holding } = setUp({ cacheTtlMs: Infinity, cacheTtlJitterRatio: 1, security: true })
    await holding(a)
    clock.advance(1e12)
    expect(cache.fresh(clock.now())?.service).toBe(a)
    cache.invalidate()
    expect(cache.fresh(clock.now())).toBeUndefined()
  })

  test.each([
    [0, 1_000],
    [0.5, 950],
    [1, 900],
  ])('is shortened by chance: a random number of %d leaves %d of 1000 ms', async (chance, lifeMs) => {
    const { cache, clock, holding } = setUp({ cacheTtlJitterRatio: 0.1, random: () => chance, security: true })
    await holding(a)
    clock.advance(lifeMs - 1)
    expect(cache.fresh(clock.now())?.service).toBe(a)
    clock.advance(1)
    expect(cache.fresh(clock.now())).toBeUndefined()
  })
})

describe('invalidation', () => {
  test('ends the cached instance at once', async () => {
    const { cache, clock, disposed, holding } = setUp({ staleIfErrorMs: 1_000, staleWhileRevalidateMs: 1_000 })
    await holding(a)
    cache.invalidate()
    await clock.settle()
    expect(cache.fresh(clock.now())).toBeUndefined()
    expect(cache.current).toBeUndefined()
    expect(disposed).toEqual([a])
  })

  test('leaves nothing to be served, not even on error', async () => {
    const { cache, holding, expectFailure } = setUp({ staleIfErrorMs: 1_000, staleWhileRevalidateMs: 1_000 })
    await holding(a)
    cache.invalidate()
    await expectFailure(down)
  })

  test('during a load: the value answers those who waited, and is never cached', async () => {
    const { cache, clock, loads } = setUp()
    const before = cache.acquire(false)
    cache.invalidate()
    expect(cache.loading).toBe(false)
    loads[0]!.succeed(a)
    expect(await what(before)).toBe('miss a')
    expect(cache.current).toBeUndefined()
    expect(cache.fresh(clock.now())).toBeUndefined()
  })

  test('during a load: whoever comes after it starts another, also while the first is pending', async () => {
    const { cache, clock, loads } = setUp()
    const before = cache.acquire(false)
    cache.invalidate()
    const after = cache.acquire(false)
    expect(loads).toHaveLength(2)
    loads[1]!.succeed(b)
    expect(await what(after)).toBe('miss b')
    loads[0]!.succeed(a)
    expect(await what(before)).toBe('miss a')
    expect(cache.fresh(clock.now())?.service).toBe(b)
  })

  test('during a load: its value is disposed as soon as those who waited for it have let it go', async () => {
    const { cache, clock, lifetimes, loads, disposed } = setUp()
    const before = cache.acquire(false)
    cache.invalidate()
    loads[0]!.succeed(a)
    const { instance } = await before
    await clock.settle()
    expect(disposed).toEqual([])
    lifetimes.release(instance)
    await clock.settle()
    expect(disposed).toEqual([a])
  })

  test('during a load: neither its end nor its failure clears the newer one', async () => {
    for (const end of ['succeed', 'fail'] as const) {
      const { cache, clock, loads } = setUp()
      const before = cache.acquire(false)
      cache.invalidate()
      const after = cache.acquire(false)
      loads[0]![end](a)
      await before.catch(() => undefined)
      await clock.settle()
      expect(cache.loading).toBe(true)
      const joined = cache.acquire(false)
      expect(loads).toHaveLength(2)
      loads[1]!.succeed(b)
      expect([await what(after), await what(joined)]).toEqual(['miss b', 'miss b'])
    }
  })

  test('during a load: its failure is not remembered', async () => {
    const { cache, loads } = setUp()
    const before = cache.acquire(false)
    cache.invalidate()
    loads[0]!.fail(down)
    await expect(before).rejects.toBe(down)
    const after = cache.acquire(false)
    expect(loads).toHaveLength(2)
    loads[1]!.succeed(a)
    expect(await what(after)).toBe('miss a')
  })

  test('out of the provider, while it begins to load, is one during the load', async () => {
    const { cache, loads } = setUp({ onLoad: () => cache.invalidate() })
    const before = cache.acquire(false)
    loads[0]!.succeed(a)
    expect(await what(before)).toBe('miss a')
    expect(cache.current).toBeUndefined()
  })

  test('forgets the back-off', async () => {
    const { cache, loads, expectFailure } = setUp()
    await expectFailure(down)
    cache.invalidate()
    void cache.acquire(false)
    expect(loads).toHaveLength(2)
  })

  test('while the cached instance is checked again: the check keeps it alive, and its success does not bring it back', async () => {
    const { cache, clock, lifetimes, loads, disposed, holding } = setUp()
    await holding(a)
    const trial = cache.acquire(true)
    expect(loads[1]!.candidate?.service).toBe(a)
    cache.invalidate()
    await clock.settle()
    expect(disposed).toEqual([])
    loads[1]!.succeed(a)
    const { instance } = await trial
    await clock.settle()
    expect(cache.current).toBeUndefined()
    expect(disposed).toEqual([])
    lifetimes.release(instance)
    await clock.settle()
    expect(disposed).toEqual([a])
  })

  test('while the cached instance is checked again: when the check fails, it is disposed', async () => {
    const { cache, clock, loads, disposed, holding } = setUp()
    await holding(a)
    const trial = cache.acquire(true)
    cache.invalidate()
    loads[1]!.fail(down)
    await expect(trial).rejects.toBe(down)
    await clock.settle()
    expect(disposed).toEqual([a])
  })
})

describe('expiry', () => {
  test('without stale windows serves the instance no more', async () => {
    const { cache, clock, loads, holding } = setUp()
    await holding(a)
    clock.advance(10)
    cache.expire()
    expect(cache.fresh(clock.now())).toBeUndefined()
    const acquiring = cache.acquire(false)
    loads[1]!.succeed(b)
    expect(await what(acquiring)).toBe('miss b')
  })

  test('without stale windows serves the instance no more, not on error either', async () => {
    const { cache, holding, expectFailure } = setUp()
    await holding(a)
    cache.expire()
    await expectFailure(down)
  })

  test('keeps the instance until another is there', async () => {
    const { cache, clock, disposed, holding } = setUp()
    await holding(a)
    cache.expire()
    await clock.settle()
    expect(disposed).toEqual([])
    await holding(b)
    await clock.settle()
    expect(disposed).toEqual([a])
  })

  test('leaves the instance to be served where a stale window allows it', async () => {
    const { cache, loads, holding } = setUp({ staleWhileRevalidateMs: 500 })
    await holding(a)
    cache.expire()
    expect(await what(cache.acquire(false))).toBe('stale a')
    expect(loads).toHaveLength(2)
  })

  test('never makes an instance younger', async () => {
    const { cache, clock, holding } = setUp()
    await holding(a)
    clock.advance(2_000)
    cache.expire()
    expect(cache.fresh(1_999)?.service).toBe(a)
    expect(cache.fresh(2_000)).toBeUndefined()
  })

  test('during a load: what it brings answers those who waited, and is stale at once', async () => {
    const { cache, clock, loads } = setUp({ staleIfErrorMs: 500 })
    const before = cache.acquire(false)
    cache.expire()
    loads[0]!.succeed(a)
    expect(await what(before)).toBe('miss a')
    expect(cache.fresh(clock.now())).toBeUndefined()
    const after = cache.acquire(false)
    loads[1]!.fail(down)
    expect(await what(after)).toBe('stale a')
  })

  test('during a check of the cached instance leaves it stale, healthy as it is', async () => {
    const { cache, clock, loads, holding } = setUp()
    await holding(a)
    const trial = cache.acquire(true)
    cache.expire()
    loads[1]!.succeed(a)
    expect(await what(trial)).toBe('miss a')
    expect(cache.fresh(clock.now())).toBeUndefined()
  })

  test('of an empty cache does nothing', async () => {
    const { cache, clock, holding } = setUp()
    cache.expire()
    await holding(a)
    expect(cache.fresh(clock.now())?.service).toBe(a)
  })
})

describe('staleWhileRevalidateMs', () => {
  test('serves the stale instance at once and loads one in the background, once', async () => {
    const { cache, clock, lifetimes, loads, disposed, holding } = setUp({ staleWhileRevalidateMs: 500 })
    await holding(a)
    clock.advance(1_499)
    const acquired = await cache.acquire(false)
    expect(acquired).toMatchObject({ result: 'stale', instance: { service: a, leases: 1 } })
    expect(await what(cache.acquire(false))).toBe('stale a')
    expect(loads).toMatchObject([{}, { candidate: undefined, trial: false }])
    loads[1]!.succeed(b)
    await clock.settle()
    expect(await what(cache.acquire(false))).toBe('hit b')
    lifetimes.release(acquired.instance)
    await clock.settle()
    expect(disposed).toEqual([])
    lifetimes.release(acquired.instance)
    await clock.settle()
    expect(disposed).toEqual([a])
  })

  test('ends: from then on callers wait for the load', async () => {
    const { cache, clock, loads, holding } = setUp({ staleWhileRevalidateMs: 500 })
    await holding(a)
    clock.advance(1_500)
    const acquiring = cache.acquire(false)
    loads[1]!.succeed(b)
    expect(await what(acquiring)).toBe('miss b')
  })

  test('counts from the TTL, however early the instance was expired', async () => {
    const { cache, clock, loads, holding } = setUp({ staleWhileRevalidateMs: 500 })
    await holding(a)
    cache.expire()
    clock.advance(1_499)
    expect(await what(cache.acquire(false))).toBe('stale a')
    clock.advance(1)
    const acquiring = cache.acquire(false)
    loads[1]!.succeed(b)
    expect(await what(acquiring)).toBe('miss b')
  })

  test('a failed refresh harms nobody, and no other starts before the back-off is over', async () => {
    const { cache, clock, loads, holding } = setUp({ staleWhileRevalidateMs: 5_000 })
    await holding(a)
    clock.advance(1_000)
    expect(await what(cache.acquire(false))).toBe('stale a')
    loads[1]!.fail(down)
    await clock.settle()
    clock.advance(99)
    expect(await what(cache.acquire(false))).toBe('stale a')
    expect(loads).toHaveLength(2)
    clock.advance(1)
    expect(await what(cache.acquire(false))).toBe('stale a')
    expect(loads).toHaveLength(3)
  })

  test('a suspect instance is not served while it is stale', async () => {
    const { cache, clock, loads, holding } = setUp({ staleWhileRevalidateMs: 500 })
    await holding(a)
    cache.suspect()
    clock.advance(1_000)
    const acquiring = cache.acquire(false)
    loads[1]!.succeed(b)
    expect(await what(acquiring)).toBe('miss b')
  })

  test('a trial waits for its load', async () => {
    const { cache, clock, loads, holding } = setUp({ staleWhileRevalidateMs: 500 })
    await holding(a)
    clock.advance(1_000)
    const trial = cache.acquire(true)
    loads[1]!.succeed(b)
    expect(await what(trial)).toBe('miss b')
  })
})

describe('staleIfErrorMs', () => {
  test('serves the stale instance when the refresh fails', async () => {
    const { cache, clock, loads, holding } = setUp({ staleIfErrorMs: 500 })
    await holding(a)
    clock.advance(1_000)
    const waiting = [cache.acquire(false), cache.acquire(false)]
    loads[1]!.fail(down)
    expect(await Promise.all(waiting.map(what))).toEqual(['stale a', 'stale a'])
    expect(cache.current?.leases).toBe(2)
  })

  test('serves it during the back-off, without another load', async () => {
    const { cache, clock, loads, holding } = setUp({ staleIfErrorMs: 500 })
    await holding(a)
    clock.advance(1_000)
    const acquiring = cache.acquire(false)
    loads[1]!.fail(down)
    await acquiring
    clock.advance(99)
    expect(await what(cache.acquire(false))).toBe('stale a')
    expect(loads).toHaveLength(2)
  })

  test('is bounded absolutely from the load: neither failures nor serving it stale extend it', async () => {
    const { cache, clock, loads, holding, expectFailure } = setUp({ staleIfErrorMs: 500, backoffInitialMs: 0 })
    await holding(a)
    clock.advance(1_400)
    const acquiring = cache.acquire(false)
    loads[1]!.fail(down)
    expect(await what(acquiring)).toBe('stale a')
    clock.advance(99)
    const last = cache.acquire(false)
    loads[2]!.fail(down)
    expect(await what(last)).toBe('stale a')
    clock.advance(1)
    await expectFailure(worse)
  })

  test('is bounded at the end of the load that failed, not at its start', async () => {
    const { cache, clock, loads, holding } = setUp({ staleIfErrorMs: 500 })
    await holding(a)
    clock.advance(1_400)
    const acquiring = cache.acquire(false)
    clock.advance(100)
    loads[1]!.fail(down)
    await expect(acquiring).rejects.toBe(down)
  })

  test('does not serve a suspect instance', async () => {
    const { cache, holding, expectFailure } = setUp({ staleIfErrorMs: 500 })
    await holding(a)
    cache.suspect()
    await expectFailure(down)
  })

  test('does not serve an instance that a trial has just found unwell', async () => {
    const { cache, clock, holding, expectFailure } = setUp({ staleIfErrorMs: 500 })
    await holding(a)
    await expectFailure(down, true)
    expect(cache.fresh(clock.now())).toBeUndefined()
  })

  test('does not hide a refusal: of an open circuit a caller is told', async () => {
    const { clock, holding, expectFailure } = setUp({ staleIfErrorMs: 500 })
    await holding(a)
    clock.advance(1_000)
    await expectFailure(new CircuitOpenError('db', 5))
  })

  test('does not serve the caller that aborted', async () => {
    const { cache, clock, holding } = setUp({ staleIfErrorMs: 500 })
    await holding(a)
    clock.advance(1_000)
    const controller = new AbortController()
    const acquiring = cache.acquire(false, controller.signal)
    controller.abort(worse)
    await expect(acquiring).rejects.toBe(worse)
    expect(cache.current?.leases).toBe(0)
  })
})

describe('back-off', () => {
  test('after a failed load everybody gets its error, and no other load starts', async () => {
    const { cache, clock, loads, expectFailure } = setUp()
    await expectFailure(down)
    clock.advance(99)
    await expect(cache.acquire(false)).rejects.toBe(down)
    expect(loads).toHaveLength(1)
  })

  test('ends: the next caller starts a load', async () => {
    const { cache, clock, loads, expectFailure } = setUp()
    await expectFailure(down)
    clock.advance(100)
    const acquiring = cache.acquire(false)
    loads[1]!.succeed(a)
    expect(await what(acquiring)).toBe('miss a')
  })

  test.each([
    [
      'doubles with each further failure up to its bound, where loads take their time',
      2_000,
      [100, 200, 400, 500, 500],
    ],
    ['is a quarter of the time at most for which loads have failed', 100, [100, 100, 100, 150, 212.5]],
  ])('%s', async (_promise, loadMs, delays) => {
    const { cache, clock, loads } = setUp({ backoffMaxMs: 500 })
    for (const delayMs of delays) {
      const count = loads.length
      const failing = cache.acquire(false).catch((error: unknown) => error)
      clock.advance(loadMs)
      loads.at(-1)!.fail(down)
      expect(await failing).toBe(down)
      clock.advance(delayMs - 0.5)
      await expect(cache.acquire(false)).rejects.toBe(down)
      expect(loads).toHaveLength(count + 1)
      clock.advance(0.5)
    }
  })

  test('stays bounded after thousands of failures', async () => {
    const { cache, clock, loads, expectFailure } = setUp()
    for (let count = 0; count < 3_000; count++) {
      await expectFailure(down)
      clock.advance(5_000)
    }
    void cache.acquire(false)
    expect(loads).toHaveLength(3_001)
  })

  test.each([0.25, 0.75])('has full jitter: chance takes off any part of it (%d)', async (chance) => {
    const { cache, clock, loads, expectFailure } = setUp({ random: () => chance })
    await expectFailure(down)
    clock.advance(100 * chance - 1)
    await expect(cache.acquire(false)).rejects.toBe(down)
    clock.advance(1)
    void cache.acquire(false)
    expect(loads).toHaveLength(2)
  })

  test('has full jitter: chance may take off all of it', async () => {
    const { cache, loads, expectFailure } = setUp({ random: () => 0 })
    await expectFailure(down)
    void cache.acquire(false)
    expect(loads).toHaveLength(2)
  })

  test('of 0 ms is none', async () => {
    const { cache, loads, expectFailure } = setUp({ backoffInitialMs: 0 })
    await expectFailure(down)
    void cache.acquire(false)
    expect(loads).toHaveLength(2)
  })

  test('starts from the beginning after a success', async () => {
    const { cache, clock, loads, holding, expectFailure } = setUp({ cacheTtlMs: 0 })
    await expectFailure(down)
    clock.advance(100)
    await expectFailure(down)
    clock.advance(200)
    await holding(a)
    await expectFailure(worse)
    clock.advance(100)
    void cache.acquire(false)
    expect(loads).toHaveLength(5)
  })

  test('gives the newest error', async () => {
    const { cache, clock, expectFailure } = setUp()
    await expectFailure(down)
    clock.advance(100)
    await expectFailure(worse)
    await expect(cache.acquire(false)).rejects.toBe(worse)
  })

  test('does not keep a trial back', async () => {
    const { cache, loads, expectFailure } = setUp()
    await expectFailure(down)
    const trial = cache.acquire(true)
    expect(loads).toMatchObject([{ trial: false }, { trial: true }])
    loads[1]!.succeed(a)
    expect(await what(trial)).toBe('miss a')
  })

  test('is over for all while a trial is on its way: they join it', async () => {
    const { cache, loads, expectFailure } = setUp()
    await expectFailure(down)
    const waiting = [cache.acquire(true), cache.acquire(false), cache.acquire(true)]
    expect(loads).toHaveLength(2)
    loads[1]!.succeed(a)
    expect(await Promise.all(waiting.map(what))).toEqual(['miss a', 'miss a', 'miss a'])
  })

  test('does not follow a refusal: nothing was learned', async () => {
    const { cache, loads, expectFailure } = setUp()
    await expectFailure(new CircuitOpenError('db', 5))
    void cache.acquire(false)
    expect(loads).toHaveLength(2)
  })

  test('is shared: all who waited for a failed load get the same error', async () => {
    const { cache, loads } = setUp()
    const waiting = [cache.acquire(false), cache.acquire(false), cache.acquire(false)]
    loads[0]!.fail(down)
    const results = await Promise.allSettled(waiting)
    expect(results).toEqual([1, 2, 3].map(() => ({ status: 'rejected', reason: down })))
  })
})

describe('a suspect instance', () => {
  test('is not served before it has been checked again', async () => {
    const { cache, clock, loads, holding } = setUp()
    await holding(a)
    cache.suspect()
    expect(cache.fresh(clock.now())).toBeUndefined()
    expect(cache.current?.service).toBe(a)
    void cache.acquire(false)
    expect(loads[1]!.candidate?.service).toBe(a)
  })

  test('that is well is fresh again, and as old as it is', async () => {
    const { cache, clock, loads, holding } = setUp()
    await holding(a)
    cache.suspect()
    clock.advance(600)
    const acquiring = cache.acquire(false)
    loads[1]!.succeed(a)
    expect(await what(acquiring)).toBe('miss a')
    clock.advance(399)
    expect(cache.fresh(clock.now())?.service).toBe(a)
    clock.advance(1)
    expect(cache.fresh(clock.now())).toBeUndefined()
  })

  test('that is unwell is replaced within the same attempt, and disposed', async () => {
    const { cache, clock, loads, disposed, holding } = setUp()
    await holding(a)
    cache.suspect()
    const acquiring = cache.acquire(false)
    loads[1]!.succeed(b)
    expect(await what(acquiring)).toBe('miss b')
    await clock.settle()
    expect(disposed).toEqual([a])
    expect(cache.fresh(clock.now())?.service).toBe(b)
  })

  test('whose check failed stays suspect', async () => {
    const { cache, clock, loads, holding, expectFailure } = setUp()
    await holding(a)
    cache.suspect()
    await expectFailure(down)
    expect(cache.fresh(clock.now())).toBeUndefined()
    clock.advance(100)
    void cache.acquire(false)
    expect(loads[2]!.candidate?.service).toBe(a)
  })

  test('whose TTL is over is not checked but replaced, where a healthy one would be replaced, too', async () => {
    const { cache, clock, loads, holding } = setUp()
    await holding(a)
    cache.suspect()
    clock.advance(1_000)
    void cache.acquire(false)
    expect(loads[1]!.candidate).toBeUndefined()
  })

  test('is not cleared by a check that began before the suspicion', async () => {
    const { cache, clock, loads, holding } = setUp()
    await holding(a)
    const trial = cache.acquire(true)
    cache.suspect()
    loads[1]!.succeed(a)
    expect(await what(trial)).toBe('miss a')
    expect(cache.fresh(clock.now())).toBeUndefined()
  })

  test('is also what a load brings that began before the suspicion', async () => {
    const { cache, clock, loads } = setUp()
    const acquiring = cache.acquire(false)
    cache.suspect()
    loads[0]!.succeed(a)
    expect(await what(acquiring)).toBe('miss a')
    expect(cache.fresh(clock.now())).toBeUndefined()
    void cache.acquire(false)
    expect(loads[1]!.candidate?.service).toBe(a)
  })

  test('a trial checks even a fresh instance', async () => {
    const { cache, clock, loads, holding } = setUp()
    await holding(a)
    const trial = cache.acquire(true)
    expect(loads[1]).toMatchObject({ trial: true, candidate: { service: a } })
    expect(cache.fresh(clock.now())).toBeUndefined()
    loads[1]!.succeed(a)
    expect(await what(trial)).toBe('miss a')
    expect(cache.fresh(clock.now())?.service).toBe(a)
  })

  test('an ordinary load is given no candidate', async () => {
    const { cache, clock, loads, holding } = setUp()
    await holding(a)
    clock.advance(1_000)
    void cache.acquire(false)
    expect(loads[1]!.candidate).toBeUndefined()
  })

  test('suspicion of an empty cache does nothing', async () => {
    const { cache, clock, holding } = setUp()
    cache.suspect()
    await holding(a)
    expect(cache.fresh(clock.now())?.service).toBe(a)
  })
})

describe("an instance at the end of its TTL, with renew: 'check'", () => {
  test('is checked, and when it is well it is kept for another whole TTL', async () => {
    const { cache, clock, loads, disposed, holding } = setUp({ renew: 'check' })
    await holding(a)
    const instance = cache.current
    for (let life = 1; life <= 3; life++) {
      clock.advance(1_000)
      const acquiring = cache.acquire(false)
      expect(loads[life]).toMatchObject({ candidate: { service: a }, trial: false })
      clock.advance(40)
      loads[life]!.succeed(a)
      expect(await what(acquiring)).toBe('miss a')
      expect(cache.current).toBe(instance)
      expect(cache.status(clock.now())).toEqual({ state: 'fresh', freshForMs: 1_000, loading: false })
    }
    expect(disposed).toEqual([])
  })

  test('is chance to shorten anew', async () => {
    const chances = [0, 1, 0.5]
    const random = (): number => chances.shift()!
    const { cache, clock, holding } = setUp({ renew: 'check', cacheTtlJitterRatio: 0.2, random })
    await holding(a)
    clock.advance(1_000)
    await holding(a)
    expect(cache.status(clock.now()).freshForMs).toBe(800)
    clock.advance(800)
    await holding(a)
    expect(cache.status(clock.now()).freshForMs).toBe(900)
  })

  test('is replaced within the same load when it is not well, and disposed', async () => {
    const { cache, clock, loads, disposed, holding } = setUp({ renew: 'check' })
    await holding(a)
    clock.advance(1_000)
    const acquiring = cache.acquire(false)
    expect(loads[1]!.candidate?.service).toBe(a)
    loads[1]!.succeed(b)
    expect(await what(acquiring)).toBe('miss b')
    await clock.settle()
    expect(disposed).toEqual([a])
    expect(cache.fresh(clock.now())?.service).toBe(b)
  })

  test('is served meanwhile with staleWhileRevalidateMs, and checked in the background', async () => {
    const { cache, clock, loads, disposed, holding } = setUp({ renew: 'check', staleWhileRevalidateMs: 500 })
    await holding(a)
    clock.advance(1_200)
    expect(await what(cache.acquire(false))).toBe('stale a')
    expect(await what(cache.acquire(false))).toBe('stale a')
    expect(loads).toHaveLength(2)
    expect(loads[1]!.candidate?.service).toBe(a)
    loads[1]!.succeed(a)
    await clock.settle()
    expect(await what(cache.acquire(false))).toBe('hit a')
    clock.advance(999)
    expect(await what(cache.acquire(false))).toBe('hit a')
    expect(disposed).toEqual([])
  })

  test('is served on error within staleIfErrorMs, and checked again by the next load', async () => {
    const { cache, clock, loads, holding } = setUp({ renew: 'check', staleIfErrorMs: 500 })
    await holding(a)
    clock.advance(1_000)
    const acquiring = cache.acquire(false)
    loads[1]!.fail(down)
    expect(await what(acquiring)).toBe('stale a')
    clock.advance(100)
    const again = cache.acquire(false)
    expect(loads[2]!.candidate?.service).toBe(a)
    loads[2]!.succeed(a)
    expect(await what(again)).toBe('miss a')
    expect(cache.status(clock.now())).toMatchObject({ state: 'fresh', freshForMs: 1_000 })
  })

  test('is kept however long ago it ended', async () => {
    const { cache, clock, loads, holding } = setUp({ renew: 'check' })
    await holding(a)
    clock.advance(1e9)
    void cache.acquire(false)
    expect(loads[1]!.candidate?.service).toBe(a)
  })

  test('is kept while it was suspect, if it is well', async () => {
    const { cache, clock, loads, holding } = setUp({ renew: 'check', staleWhileRevalidateMs: 500 })
    await holding(a)
    cache.suspect()
    clock.advance(1_000)
    const acquiring = cache.acquire(false)
    expect(loads[1]!.candidate?.service).toBe(a)
    loads[1]!.succeed(a)
    expect(await what(acquiring)).toBe('miss a')
    expect(cache.status(clock.now())).toMatchObject({ state: 'fresh', freshForMs: 1_000 })
  })

  test('is held while it is checked: an invalidation meanwhile disposes it afterwards', async () => {
    const { cache, clock, lifetimes, loads, disposed, holding } = setUp({ renew: 'check' })
    await holding(a)
    clock.advance(1_000)
    const acquiring = cache.acquire(false)
    cache.invalidate()
    await clock.settle()
    expect(disposed).toEqual([])
    loads[1]!.succeed(a)
    lifetimes.release((await acquiring).instance)
    await clock.settle()
    expect(disposed).toEqual([a])
  })

  test('that comes while a trial checks it: what it has proved counts for another TTL', async () => {
    for (const [renew, state] of [
      ['check', 'fresh'],
      ['replace', 'stale'],
    ] as const) {
      const { cache, clock, loads, holding } = setUp({ renew })
      await holding(a)
      clock.advance(900)
      const trial = cache.acquire(true)
      clock.advance(100)
      loads[1]!.succeed(a)
      expect(await what(trial)).toBe('miss a')
      expect(cache.status(clock.now()).state).toBe(state)
    }
  })

  test('that was suspected while it was checked has to prove itself once more', async () => {
    const { cache, clock, loads, holding } = setUp({ renew: 'check' })
    await holding(a)
    clock.advance(1_000)
    const acquiring = cache.acquire(false)
    cache.suspect()
    loads[1]!.succeed(a)
    expect(await what(acquiring)).toBe('miss a')
    expect(cache.status(clock.now()).state).toBe('suspect')
  })

  test('is not kept when somebody expired it before', async () => {
    const { cache, clock, loads, holding, expectFailure } = setUp({ renew: 'check' })
    await holding(a)
    cache.expire()
    await expectFailure(down)
    expect(loads[1]!.candidate).toBeUndefined()
    clock.advance(2_000)
    void cache.acquire(false)
    expect(loads[2]!.candidate).toBeUndefined()
  })

  test('is kept, but not fresh, when somebody expires it while it is checked', async () => {
    const { cache, clock, loads, holding } = setUp({ renew: 'check' })
    await holding(a)
    clock.advance(1_000)
    const acquiring = cache.acquire(false)
    cache.expire()
    loads[1]!.succeed(a)
    expect(await what(acquiring)).toBe('miss a')
    expect(cache.status(clock.now()).state).toBe('stale')
    void cache.acquire(false)
    expect(loads[2]!.candidate).toBeUndefined()
  })

  test('is not kept when it is borrowed: the provider is asked again', async () => {
    const { cache, clock, loads, holding } = setUp({ renew: 'check', borrowed: true })
    await holding(a)
    clock.advance(1_000)
    void cache.acquire(false)
    expect(loads[1]!.candidate).toBeUndefined()
  })

  test('is not kept when an override took its place meanwhile', async () => {
    const { cache, clock, lifetimes, loads, holding, disposed } = setUp({ renew: 'check' })
    await holding(a)
    clock.advance(1_000)
    const acquiring = cache.acquire(false)
    cache.pin(lifetimes.adopt(b, false))
    loads[1]!.succeed(a)
    lifetimes.release((await acquiring).instance)
    await clock.settle()
    expect(cache.fresh(clock.now())?.service).toBe(b)
    expect(disposed).toEqual([a])
  })
})

describe('an instance that a trial failed on', () => {
  test('is neither served again nor checked, but replaced', async () => {
    for (const renew of ['check', 'replace'] as const) {
      const { cache, clock, loads, disposed, holding } = setUp({ renew, staleIfErrorMs: 9_000 })
      await holding(a)
      cache.distrust()
      expect(cache.status(clock.now()).state).toBe('suspect')
      const failing = cache.acquire(false)
      expect(loads[1]!.candidate).toBeUndefined()
      loads[1]!.fail(down)
      await expect(failing).rejects.toBe(down)
      clock.advance(1_000)
      const acquiring = cache.acquire(true)
      expect(loads[2]!.candidate).toBeUndefined()
      loads[2]!.succeed(b)
      expect(await what(acquiring)).toBe('miss b')
      await clock.settle()
      expect(disposed).toEqual([a])
    }
  })

  test('is not cleared by a check that it passes', async () => {
    const { cache, clock, loads, holding } = setUp()
    await holding(a)
    cache.distrust()
    cache.clear(cache.current!)
    expect(cache.status(clock.now()).state).toBe('suspect')
    void cache.acquire(false)
    expect(loads[1]!.candidate).toBeUndefined()
  })

  test('is not cleared by a check that was under way', async () => {
    const { cache, clock, loads, holding } = setUp({ renew: 'check' })
    await holding(a)
    const trial = cache.acquire(true)
    cache.distrust()
    loads[1]!.succeed(a)
    expect(await what(trial)).toBe('miss a')
    expect(cache.status(clock.now()).state).toBe('suspect')
    void cache.acquire(false)
    expect(loads[2]!.candidate).toBeUndefined()
  })

  test('is trusted again when the provider returns the very same object, for a whole TTL', async () => {
    const { cache, clock, loads, disposed, holding } = setUp({ renew: 'check' })
    await holding(a)
    clock.advance(600)
    cache.distrust()
    await holding(a)
    expect(loads[1]!.candidate).toBeUndefined()
    expect(cache.status(clock.now())).toEqual({ state: 'fresh', freshForMs: 1_000, loading: false })
    expect(cache.current?.trusted).toBe(true)
    clock.advance(1_000)
    void cache.acquire(false)
    expect(loads[2]!.candidate?.service).toBe(a)
    expect(disposed).toEqual([])
  })

  test('during a load says nothing of what the load brings, but that it has to prove its health', async () => {
    const { cache, clock, loads } = setUp()
    const acquiring = cache.acquire(false)
    cache.distrust()
    loads[0]!.succeed(a)
    expect(await what(acquiring)).toBe('miss a')
    expect(cache.status(clock.now()).state).toBe('suspect')
    void cache.acquire(false)
    expect(loads[1]!.candidate?.service).toBe(a)
  })

  test('is no override', async () => {
    const { cache, clock, lifetimes } = setUp()
    const override = lifetimes.adopt(b, false)
    cache.pin(override)
    cache.distrust()
    expect(override.trusted).toBe(true)
    expect(cache.fresh(clock.now())).toBe(override)
  })
})

describe('a check in the background that the instance passes', () => {
  test('ends suspicion, and its age goes on counting', async () => {
    const { cache, clock, loads, holding } = setUp()
    await holding(a)
    clock.advance(400)
    cache.suspect()
    cache.clear(cache.current!)
    expect(cache.status(clock.now())).toEqual({ state: 'fresh', freshForMs: 600, loading: false })
    expect(await what(cache.acquire(false))).toBe('hit a')
    expect(loads).toHaveLength(1)
  })

  test('makes nothing younger', async () => {
    const { cache, clock, holding } = setUp()
    await holding(a)
    cache.suspect()
    clock.advance(1_000)
    cache.clear(cache.current!)
    expect(cache.status(clock.now()).state).toBe('stale')
  })

  test('says nothing of the one that replaced it, nor of an empty cache', async () => {
    const { cache, clock, holding } = setUp()
    await holding(a)
    const former = cache.current!
    clock.advance(1_000)
    await holding(b)
    cache.suspect()
    cache.clear(former)
    expect(cache.status(clock.now()).state).toBe('suspect')
    cache.invalidate()
    cache.clear(former)
    expect(cache.status(clock.now()).state).toBe('empty')
  })
})

describe('loads that hang', () => {
  test('hold back all others until nextLoadAt, trials too', async () => {
    const { cache, clock, loads, pending } = setUp()
    pending.nextLoadAt = clock.now() + 300
    for (const trial of [false, true]) {
      const acquiring = cache.acquire(trial)
      await expect(acquiring).rejects.toBeInstanceOf(ServiceUnavailableError)
      await expect(acquiring).rejects.toThrow(
        "Service 'db' is unavailable: too many loads are still pending after their deadline",
      )
    }
    clock.advance(299)
    expect(cache.heldBack(clock.now(), true)).toMatchObject({ error: { code: 'SVCPROXY_UNAVAILABLE' } })
    expect([cache.loading, loads]).toEqual([false, []])
    clock.advance(1)
    expect([cache.heldBack(clock.now(), false), cache.heldBack(clock.now(), true)]).toEqual([undefined, undefined])
    const acquiring = cache.acquire(true)
    loads[0]!.succeed(a)
    expect(await what(acquiring)).toBe('miss a')
  })

  test('hold back with the error of the last failure, also when its back-off is over', async () => {
    const { cache, clock, pending, expectFailure } = setUp()
    await expectFailure(down)
    pending.nextLoadAt = clock.now() + 300
    clock.advance(200)
    await expect(cache.acquire(false)).rejects.toBe(down)
    await expect(cache.acquire(true)).rejects.toBe(down)
    expect(cache.heldBack(clock.now(), true)?.error).toBe(down)
  })

  test('hold back nobody who needs no load, or joins one that is under way', async () => {
    const { cache, clock, lifetimes, loads, pending, holding } = setUp()
    await holding(a)
    pending.nextLoadAt = Infinity
    expect(await what(cache.acquire(false))).toBe('hit a')
    pending.nextLoadAt = -Infinity
    const trial = cache.acquire(true)
    pending.nextLoadAt = Infinity
    const joined = [cache.acquire(false), cache.acquire(true)]
    expect(cache.heldBack(clock.now(), true)).toBeUndefined()
    loads[1]!.succeed(a)
    expect(await Promise.all([trial, ...joined].map(what))).toEqual(['miss a', 'miss a', 'miss a'])
    cache.pin(lifetimes.adopt(b, false))
    expect(await what(cache.acquire(true))).toBe('hit b')
    expect(cache.heldBack(clock.now(), false)).toBeUndefined()
  })

  test('leave what is stale to be served where a window allows it, without another load', async () => {
    for (const window of ['staleWhileRevalidateMs', 'staleIfErrorMs']) {
      const { cache, clock, loads, pending, holding } = setUp({ [window]: 500 })
      await holding(a)
      clock.advance(1_000)
      pending.nextLoadAt = Infinity
      expect(await what(cache.acquire(false))).toBe('stale a')
      expect([cache.loading, loads.length]).toEqual([false, 1])
      clock.advance(500)
      await expect(cache.acquire(false)).rejects.toBeInstanceOf(ServiceUnavailableError)
    }
  })

  test('hold back also after an invalidation, which forgets the back-off only', async () => {
    const { cache, clock, pending, expectFailure } = setUp()
    await expectFailure(down)
    pending.nextLoadAt = clock.now() + 300
    cache.invalidate()
    await expect(cache.acquire(false)).rejects.toThrow('too many loads are still pending after their deadline')
  })

  test('are asked for the trial whose back-off is not over: it is held back by neither', async () => {
    const { cache, clock, pending, expectFailure } = setUp()
    await expectFailure(down)
    expect(cache.heldBack(clock.now(), false)?.error).toBe(down)
    expect(cache.heldBack(clock.now(), true)).toBeUndefined()
    pending.nextLoadAt = clock.now()
    expect(cache.heldBack(clock.now(), true)).toBeUndefined()
  })
})

describe('a provider that answers late', () => {
  test('ends the back-off, and the next one starts from the beginning', async () => {
    const { cache, clock, loads, pending, expectFailure } = setUp()
    await expectFailure(down)
    clock.advance(100)
    await expectFailure(down)
    pending.lateAnswers++
    expect(cache.heldBack(clock.now(), false)).toBeUndefined()
    await expectFailure(worse)
    expect(loads).toHaveLength(3)
    clock.advance(99)
    await expect(cache.acquire(false)).rejects.toBe(worse)
    clock.advance(1)
    void cache.acquire(false)
    expect(loads).toHaveLength(4)
  })

  test('where there is no back-off changes nothing', async () => {
    const { cache, clock, pending, holding } = setUp()
    pending.lateAnswers++
    await holding(a)
    pending.lateAnswers++
    expect(cache.fresh(clock.now())?.service).toBe(a)
  })
})

describe('a request', () => {
  test('that happens to need the load has no part in it, nor in what the load leads to', async () => {
    const request = new AsyncLocalStorage<string>()
    const seen: unknown[] = []
    const load = async (): Promise<Service> => {
      seen.push(request.getStore())
      await Promise.resolve()
      seen.push(request.getStore())
      return b
    }
    const { cache, clock, lifetimes } = setUp({ load, staleWhileRevalidateMs: 500 })
    await request.run('of somebody', async () => {
      lifetimes.release((await cache.acquire(false)).instance)
      expect(request.getStore()).toBe('of somebody')
    })
    clock.advance(1_000)
    await request.run('of another', () => cache.acquire(false))
    await clock.settle()
    expect(seen).toEqual([undefined, undefined, undefined, undefined])
  })

  test('gets its own context back when the load has landed', async () => {
    const request = new AsyncLocalStorage<string>()
    const { cache, loads } = setUp()
    const stores = ['one', 'two'].map((name) =>
      request.run(name, async () => {
        await cache.acquire(false)
        return request.getStore()
      }),
    )
    loads[0]!.succeed(a)
    expect(await Promise.all(stores)).toEqual(['one', 'two'])
  })
})

describe('a call that somebody listens to', () => {
  test('is told of the load it waits for, whoever began it', async () => {
    const traces: unknown[] = []
    const listener = (trace: unknown): void => void traces.push(trace)
    subscribe('tracing:svcproxy:load:start', listener)
    onTestFinished(() => {
      unsubscribe('tracing:svcproxy:load:start', listener)
    })
    const { cache, clock, loads } = setUp()
    const calls = [{}, {}, {}] as TracedCall[]
    const waiting = calls.slice(0, 2).map((call) => cache.acquire(false, undefined, call))
    clock.advance(30)
    loads[0]!.succeed(a)
    await Promise.all(waiting)
    expect(traces).toHaveLength(1)
    expect(calls.map(({ load }) => load)).toEqual([traces[0], traces[0], undefined])
    expect(traces[0]).toMatchObject({ service: 'db', durationMs: 30, error: undefined })
    await cache.acquire(false, undefined, calls[2])
    expect(calls[2]!.load).toBeUndefined()
  })
})

describe('a security service', () => {
  test('is not served longer than its TTL by the wall clock, as after a suspension', async () => {
    const { cache, clock, loads, holding } = setUp({ security: true })
    await holding(a)
    clock.stepWall(999)
    expect(cache.fresh(clock.now())?.service).toBe(a)
    clock.stepWall(1)
    expect(cache.fresh(clock.now())).toBeUndefined()
    const acquiring = cache.acquire(false)
    loads[1]!.succeed(b)
    expect(await what(acquiring)).toBe('miss b')
  })

  test('is not made younger by a wall clock that is set back', async () => {
    const { cache, clock, holding } = setUp({ security: true })
    await holding(a)
    clock.stepWall(-60_000)
    clock.advance(1_000)
    expect(cache.fresh(clock.now())).toBeUndefined()
  })

  test.each(['staleWhileRevalidateMs', 'staleIfErrorMs'])('respects it in %s', async (window) => {
    const { cache, clock, loads, holding } = setUp({ security: true, [window]: 500 })
    await holding(a)
    clock.stepWall(1_499)
    const within = cache.acquire(false)
    loads[1]!.fail(down)
    expect(await what(within)).toBe('stale a')
    clock.advance(100)
    const beyond = cache.acquire(false)
    loads[2]!.fail(down)
    await expect(beyond).rejects.toBe(down)
  })

  test('is not checked again but replaced when its wall age is over', async () => {
    const { cache, clock, loads, holding } = setUp({ security: true })
    await holding(a)
    clock.stepWall(1_000)
    void cache.acquire(true)
    expect(loads[1]!.candidate).toBeUndefined()
  })

  test('is the only one: others know no wall clock', async () => {
    const { cache, clock, holding } = setUp()
    await holding(a)
    clock.stepWall(1e9)
    expect(cache.fresh(clock.now())?.service).toBe(a)
  })
})

describe('a caller that gives up', () => {
  test('gets the reason at once; the load goes on for the others', async () => {
    const { cache, loads } = setUp()
    const controller = new AbortController()
    const aborted = cache.acquire(false, controller.signal)
    const other = cache.acquire(false, new AbortController().signal)
    controller.abort(worse)
    await expect(aborted).rejects.toBe(worse)
    loads[0]!.succeed(a)
    expect(await what(other)).toBe('miss a')
    expect(cache.current?.leases).toBe(1)
  })

  test('leaves a load that is cached although nobody waits for it any more', async () => {
    const { cache, clock, loads, disposed } = setUp()
    const controller = new AbortController()
    const aborted = cache.acquire(false, controller.signal)
    controller.abort(worse)
    await expect(aborted).rejects.toBe(worse)
    loads[0]!.succeed(a)
    await clock.settle()
    expect(cache.fresh(clock.now())?.service).toBe(a)
    expect(cache.current?.leases).toBe(0)
    expect(disposed).toEqual([])
  })

  test('leaves nothing behind when the load is not to be cached either', async () => {
    const { cache, clock, loads, disposed } = setUp()
    const controller = new AbortController()
    const aborted = cache.acquire(false, controller.signal)
    controller.abort(worse)
    await expect(aborted).rejects.toBe(worse)
    cache.invalidate()
    loads[0]!.succeed(a)
    await clock.settle()
    expect(disposed).toEqual([a])
  })

  test('at the very moment the load lands, at whichever turn of it, holds no lease', async () => {
    for (let turns = 0; turns < 20; turns++) {
      const { cache, clock, lifetimes, loads, disposed } = setUp()
      const controller = new AbortController()
      const acquiring = cache.acquire(false, controller.signal).then(
        ({ instance }) => lifetimes.release(instance),
        (error: unknown) => expect(error).toBe(worse),
      )
      loads[0]!.succeed(a)
      for (let turn = 0; turn < turns; turn++) await Promise.resolve()
      controller.abort(worse)
      await acquiring
      await clock.settle()
      expect(cache.current?.leases).toBe(0)
      cache.invalidate()
      await clock.settle()
      expect(disposed).toEqual([a])
      await lifetimes.end()
    }
  })

  test('before it asked gets the reason, and holds no lease', async () => {
    const { cache, clock, loads } = setUp()
    const acquiring = cache.acquire(false, AbortSignal.abort(worse))
    await expect(acquiring).rejects.toBe(worse)
    loads[0]?.succeed(a)
    await clock.settle()
    expect(cache.current?.leases ?? 0).toBe(0)
  })

  test('leaves no listener on its signal, however the load ends', async () => {
    for (const end of ['succeed', 'fail'] as const) {
      const { cache, clock, loads } = setUp()
      const { signal } = new AbortController()
      const listeners = new Set<unknown>()
      const add = signal.addEventListener.bind(signal)
      const remove = signal.removeEventListener.bind(signal)
      signal.addEventListener = (...args: Parameters<typeof add>) => (listeners.add(args[1]), add(...args))
      signal.removeEventListener = (...args: Parameters<typeof remove>) => {
        if (args[0] === 'abort') listeners.delete(args[1])
        remove(...args)
      }
      const acquiring = cache.acquire(false, signal).catch(() => undefined)
      expect(listeners.size).toBe(1)
      loads[0]![end](a)
      await acquiring
      await clock.settle()
      expect(listeners.size).toBe(0)
    }
  })
})

describe('an object that was disposed', () => {
  test('is not cached when its provider returns it again: that is a failed load', async () => {
    const { cache, clock, loads, disposed, holding } = setUp()
    await holding(a)
    cache.invalidate()
    await clock.settle()
    const acquiring = cache.acquire(false)
    loads[1]!.succeed(a)
    await expect(acquiring).rejects.toBeInstanceOf(ServiceUnavailableError)
    expect(cache.current).toBeUndefined()
    expect(disposed).toEqual([a])
    await expect(cache.acquire(false)).rejects.toThrow('an instance that was already disposed')
    expect(loads).toHaveLength(2)
  })

  test('is not disposed again when it also comes out of a load that an invalidation overtook', async () => {
    const { cache, clock, loads, disposed } = setUp()
    const before = cache.acquire(false)
    cache.invalidate()
    const after = cache.acquire(false)
    loads[1]!.succeed(a)
    const { instance } = await after
    loads[0]!.succeed(a)
    expect((await before).instance).toBe(instance)
    expect(instance).toMatchObject({ leases: 2, current: true })
    await clock.settle()
    expect(disposed).toEqual([])
  })
})

describe('an override', () => {
  test('is served, for ever fresh, and a trial does not check it', async () => {
    const { cache, clock, lifetimes, loads, holding } = setUp({ security: true })
    await holding(a)
    cache.pin(lifetimes.adopt(b, false))
    clock.advance(1e9)
    clock.stepWall(1e9)
    expect(cache.fresh(clock.now())?.service).toBe(b)
    expect(await what(cache.acquire(false))).toBe('hit b')
    expect(await what(cache.acquire(true))).toBe('hit b')
    expect(cache.current?.leases).toBe(2)
    expect(loads).toHaveLength(1)
  })

  test('ends what was cached', async () => {
    const { cache, clock, lifetimes, disposed, holding } = setUp()
    await holding(a)
    cache.pin(lifetimes.adopt(b, false))
    await clock.settle()
    expect(disposed).toEqual([a])
  })

  test('is taken away by nothing but its end', async () => {
    const { cache, clock, lifetimes } = setUp()
    const unpin = cache.pin(lifetimes.adopt(b, false))
    cache.invalidate()
    cache.expire()
    cache.suspect()
    expect(cache.fresh(clock.now())?.service).toBe(b)
    unpin()
    expect(cache.current).toBeUndefined()
    unpin()
  })

  test('is not replaced by a load that was on its way', async () => {
    const { cache, clock, lifetimes, loads, disposed } = setUp()
    const before = cache.acquire(false)
    cache.pin(lifetimes.adopt(b, false))
    loads[0]!.succeed(a)
    const { instance } = await before
    expect(instance.service).toBe(a)
    expect(cache.fresh(clock.now())?.service).toBe(b)
    lifetimes.release(instance)
    await clock.settle()
    expect(disposed).toEqual([a])
  })

  test('is not disposed after its end', async () => {
    const { cache, clock, lifetimes, disposed } = setUp()
    cache.pin(lifetimes.adopt(b, false))()
    await clock.settle()
    expect(disposed).toEqual([])
  })

  test('forgets a failure from before', async () => {
    const { cache, lifetimes, loads, expectFailure } = setUp()
    await expectFailure(down)
    cache.pin(lifetimes.adopt(b, false))()
    void cache.acquire(false)
    expect(loads).toHaveLength(2)
  })

  test('by another one stays when the first ends', async () => {
    const { cache, clock, lifetimes } = setUp()
    const first = cache.pin(lifetimes.adopt(b, false))
    cache.pin(lifetimes.adopt(c, false))
    first()
    expect(cache.fresh(clock.now())?.service).toBe(c)
  })

  test('by the same object again stays when the first ends', async () => {
    const { cache, clock, lifetimes } = setUp()
    const first = cache.pin(lifetimes.adopt(b, false))
    const second = cache.pin(lifetimes.adopt(b, false))
    first()
    expect(cache.fresh(clock.now())?.service).toBe(b)
    second()
    expect(cache.current).toBeUndefined()
  })

  test('by the very instance that is cached does not dispose it', async () => {
    const { cache, clock, lifetimes, disposed, holding } = setUp()
    await holding(a)
    const unpin = cache.pin(lifetimes.adopt(a, false))
    await clock.settle()
    expect(disposed).toEqual([])
    expect(cache.fresh(clock.now())?.service).toBe(a)
    unpin()
    await clock.settle()
    expect(disposed).toEqual([a])
  })

  test('ends with a stop, and there is none after it', async () => {
    const { cache, clock, lifetimes } = setUp()
    const unpin = cache.pin(lifetimes.adopt(b, false))
    cache.stop()
    expect(cache.current).toBeUndefined()
    unpin()
    expect(() => cache.pin(lifetimes.adopt(b, false))).toThrow(StoppedError)
    expect(cache.fresh(clock.now())).toBeUndefined()
  })
})

describe('a stop', () => {
  test('ends the cached instance and loads no other', async () => {
    const { cache, clock, loads, disposed, holding } = setUp({ staleIfErrorMs: 1_000 })
    await holding(a)
    cache.stop()
    await clock.settle()
    expect(disposed).toEqual([a])
    await expect(cache.acquire(false)).rejects.toBeInstanceOf(StoppedError)
    await expect(cache.acquire(true)).rejects.toBeInstanceOf(StoppedError)
    expect(loads).toHaveLength(1)
  })

  test('during a load: those who waited are told, and what it brings is disposed', async () => {
    const { cache, clock, lifetimes, loads, disposed } = setUp()
    const before = cache.acquire(false)
    cache.stop()
    const ended = lifetimes.end()
    loads[0]!.succeed(a)
    await expect(before).rejects.toMatchObject({ code: 'SVCPROXY_STOPPED', serviceName: 'db' })
    await ended
    expect(disposed).toEqual([a])
    expect(cache.current).toBeUndefined()
    expect(clock.pendingTimers).toBe(0)
  })

  test('while the cached instance is checked again: it is disposed when the check has ended', async () => {
    const { cache, clock, lifetimes, loads, disposed, holding } = setUp()
    await holding(a)
    const trial = cache.acquire(true)
    cache.stop()
    const ended = lifetimes.end()
    await clock.settle()
    expect(disposed).toEqual([])
    loads[1]!.succeed(a)
    await expect(trial).rejects.toBeInstanceOf(StoppedError)
    await ended
    expect(disposed).toEqual([a])
  })

  test('may come twice', async () => {
    const { cache, clock, disposed, holding } = setUp()
    await holding(a)
    cache.stop()
    cache.stop()
    await clock.settle()
    expect(disposed).toEqual([a])
  })
})

describe('memory', () => {
  test.each([
    ['owned', 0],
    ['owned', 1_000],
    ['owned', 60_000],
    ['borrowed', 1_000],
  ])('holds nothing of 10 000 rounds of loading and invalidating (%s, TTL %d ms)', async (ownership, cacheTtlMs) => {
    const services: WeakRef<Service>[] = []
    const load = async (): Promise<Service> => {
      const service = { name: 'one of many' }
      services.push(new WeakRef(service))
      return service
    }
    const { cache, clock, lifetimes, disposed } = setUp({ load, cacheTtlMs, borrowed: ownership === 'borrowed' })
    for (let round = 0; round < 10_000; round++) {
      const { instance } = await cache.acquire(false)
      instance.exposed = round % 2 === 0
      lifetimes.release(instance)
      cache.invalidate()
    }
    clock.advance(30_000)
    await clock.settle()
    expect(services).toHaveLength(10_000)
    expect(disposed.splice(0)).toHaveLength(ownership === 'owned' ? 10_000 : 0)
    expect(clock.pendingTimers).toBe(0)
    collectGarbage()
    await clock.settle()
    expect(services.filter((service) => service.deref() !== undefined).length).toBeLessThan(10)
    expect(cache.current).toBeUndefined()
  })
})

function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
}
