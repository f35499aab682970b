import { ManualClock } from '@svcproxy/testing'
import { describe, expect, test } from 'vitest'
import { callSignal } from '../attempts/call-signal.ts'
import type { Attempt } from '../attempts/attempt.ts'
import { DeadlineQueue } from '../attempts/deadline.ts'
import { CircuitOpenError, ServiceTimeoutError, ServiceUnavailableError } from '../errors.ts'
import { InstanceLifetimes } from './instance-lifetimes.ts'
import type { Instance } from './instance-lifetimes.ts'
import { ServiceLoader } from './service-loader.ts'
import type { LoaderContext } from './service-loader.ts'
import type { LifetimeContext } from './instance-lifetimes.ts'
import type { ServiceProvider } from '../providers/service-provider.ts'

interface Service {
  readonly name: string
}

/** A question to the provider, answered when the test says so. */
interface Question<R> {
  readonly service?: Service | undefined
  readonly signal: AbortSignal
  readonly answer: (value: R) => void
  readonly fail: (error: unknown) => void
}

const TIMEOUT_MS = 5_000
/** A load pending for so long is given up for lost. */
const LOST_MS = 660_000
const a: Service = { name: 'a' }
const b: Service = { name: 'b' }
const down = new Error('down')

interface Setup {
  readonly guard?: LoaderContext<Service>['guard']
  readonly provider?: Partial<ServiceProvider<Service>>
}

function setUp(options: Setup = {}) {
  const clock = new ManualClock()
  const disposed: Service[] = []
  const gets: Question<Service>[] = []
  const checks: Question<boolean>[] = []
  const loaded: { durationMs: number; error?: unknown }[] = []
  const told = {
    abandoned: 0,
    get lateAnswers() {
      return loader.lateAnswers
    },
  }
  const deadlines = DeadlineQueue.join(clock, TIMEOUT_MS)
  const provider: ServiceProvider<Service> = {
    serviceName: 'db',
    getService: ({ signal }) => new Promise((answer, fail) => gets.push({ signal, answer, fail })),
    checkHealth: (service, { signal }) => new Promise((answer, fail) => checks.push({ service, signal, answer, fail })),
    ownership: 'owned',
    disposeService: (service) => void disposed.push(service),
    ...options.provider,
  }
  const run: LoaderContext<Service>['guard']['execute'] = (attempt) => deadlines.run('db', attempt)
  const context: LoaderContext<Service> & LifetimeContext<Service> = {
    proxy: { name: 'db' },
    settings: { clock, calls: { methods: undefined }, timeoutMs: TIMEOUT_MS, disposeGraceMs: 30_000, provider },
    guard: options.guard ?? { execute: run, executeInTime: run },
    counters: { worked: () => undefined, abandonedLoad: (change) => void (told.abandoned += change) },
    events: {
      emit(event) {
        if (event.type !== 'load') return
        const { durationMs } = event
        loaded.push('error' in event ? { durationMs, error: event.error } : { durationMs })
      },
    },
  }
  const lifetimes = new InstanceLifetimes(context)
  const loader = new ServiceLoader(context, lifetimes)
  /** A cached instance of `service`, as the cache holds it. */
  function cached(service: Service) {
    const instance = lifetimes.adopt(service)
    instance.current = true
    return instance
  }
  /** A load that nobody waits for; its question is the last one of `gets`. */
  function begin(candidate?: Instance<Service>): void {
    loader.load(candidate, false).catch(() => undefined)
  }
  /** A load that hangs beyond its deadline. */
  async function abandoned(): Promise<Question<Service>> {
    const loading = loader.load(undefined, false)
    loading.catch(() => undefined)
    const question = gets.at(-1)!
    await clock.advanceAsync(TIMEOUT_MS)
    await expect(loading).rejects.toBeInstanceOf(ServiceTimeoutError)
    return question
  }
  /** The last load brings `service`, and it is well. */
  async function succeed(service: Service): Promise<void> {
    gets.at(-1)!.answer(service)
    await clock.settle()
    checks.at(-1)!.answer(true)
    await clock.settle()
  }
  return { clock, loader, lifetimes, disposed, gets, checks, loaded, told, cached, begin, abandoned, succeed }
}

describe('a load', () => {
  test('brings what the provider returns, once it has passed its health check', async () => {
    const { clock, loader, gets, checks, loaded } = setUp()
    const loading = loader.load(undefined, false)
    clock.advance(30)
    gets[0]!.answer(a)
    await clock.settle()
    expect(checks[0]!.service).toBe(a)
    clock.advance(12)
    checks[0]!.answer(true)
    expect(await loading).toBe(a)
    expect(loaded).toStrictEqual([{ durationMs: 42 }])
  })

  test('takes a provider that answers at once, without a promise', async () => {
    const { loader, loaded } = setUp({ provider: { getService: () => a, checkHealth: () => true } })
    expect(await loader.load(undefined, false)).toBe(a)
    expect(loaded).toEqual([{ durationMs: 0 }])
  })

  test.each([
    ['says no', { checkHealth: () => false }],
    ['answers later with no', { checkHealth: async () => false }],
    [
      'throws',
      {
        checkHealth: () => {
          throw down
        },
      },
    ],
    ['rejects', { checkHealth: () => Promise.reject(down) }],
  ])('fails when the health check %s, and the candidate is disposed', async (_, health) => {
    const { clock, loader, disposed, loaded } = setUp({ provider: { getService: () => a, ...health } })
    const loading = loader.load(undefined, false)
    await expect(loading).rejects.toBeInstanceOf(ServiceUnavailableError)
    await expect(loading).rejects.toThrow("Service 'db' is unavailable: it did not pass its health check")
    await clock.settle()
    expect(disposed).toEqual([a])
    expect(loaded).toMatchObject([{ error: { code: 'SVCPROXY_UNAVAILABLE' } }])
  })

  test.each([
    [
      'throws',
      () => {
        throw down
      },
    ],
    ['rejects', () => Promise.reject(down)],
  ])('fails when the provider %s, with its error as the cause', async (_, getService) => {
    const { loader, loaded } = setUp({ provider: { getService } })
    const loading = loader.load(undefined, false)
    await expect(loading).rejects.toMatchObject({
      code: 'SVCPROXY_UNAVAILABLE',
      serviceName: 'db',
      message: "Service 'db' is unavailable: its provider failed",
      cause: down,
    })
    expect(loaded).toMatchObject([{ error: { cause: down } }])
  })

  test('keeps an error in which the provider says the same of this service, and wraps that of another', async () => {
    const own = new ServiceUnavailableError('db', 'no such key')
    const foreign = new ServiceUnavailableError('vault', 'no such key')
    const failing = (error: unknown) => setUp({ provider: { getService: () => Promise.reject(error) } }).loader
    await expect(failing(own).load(undefined, false)).rejects.toBe(own)
    await expect(failing(foreign).load(undefined, false)).rejects.toMatchObject({ serviceName: 'db', cause: foreign })
  })

  test('wraps a refusal of another circuit: this service failed, it did not refuse', async () => {
    const refusal = new CircuitOpenError('vault', 5)
    const { loader } = setUp({ provider: { getService: () => Promise.reject(refusal) } })
    await expect(loader.load(undefined, false)).rejects.toMatchObject({ code: 'SVCPROXY_UNAVAILABLE', cause: refusal })
  })

  test.each([undefined, null])('fails when the provider returns %s', async (nothing) => {
    const { loader } = setUp({ provider: { getService: () => nothing as unknown as Service } })
    await expect(loader.load(undefined, false)).rejects.toThrow(
      `Service 'db' is unavailable: its provider returned ${String(nothing)}`,
    )
  })

  test.each([0, '', false])('brings also %o: a service may be any value', async (value) => {
    const service = value as unknown as Service
    const { loader } = setUp({ provider: { getService: () => service, checkHealth: () => true } })
    expect(await loader.load(undefined, false)).toBe(service)
  })

  test('that the circuit refuses is none: nobody is told of it, and it holds nothing', async () => {
    const refusal = new CircuitOpenError('db', 5)
    const { clock, loader, lifetimes, gets, loaded, cached, disposed } = setUp({
      guard: {
        execute: (attempt) => {
          attempt.settled?.('refused', refusal, attempt.startedAt, 'ignored')
          return Promise.reject(refusal)
        },
        executeInTime: () => Promise.reject(new Error('it is no trial')),
      },
    })
    const candidate = cached(a)
    await expect(loader.load(candidate, false)).rejects.toBe(refusal)
    expect([gets, loaded]).toEqual([[], []])
    expect(candidate.leases).toBe(0)
    lifetimes.retire(candidate)
    await clock.settle()
    expect(disposed).toEqual([a])
  })

  test('gives the provider a signal that aborts at the deadline', async () => {
    const { clock, loader, gets } = setUp()
    const loading = loader.load(undefined, false)
    loading.catch(() => undefined)
    const { signal } = gets[0]!
    await clock.advanceAsync(TIMEOUT_MS - 1)
    expect(signal.aborted).toBe(false)
    await clock.advanceAsync(1)
    expect(signal.aborted).toBe(true)
    await expect(loading).rejects.toBe(signal.reason)
  })
})

describe('a candidate', () => {
  test('that is well is kept, and nothing is asked of the provider', async () => {
    const { clock, loader, gets, checks, cached } = setUp()
    const loading = loader.load(cached(a), true)
    expect(checks[0]!.service).toBe(a)
    checks[0]!.answer(true)
    expect(await loading).toBe(a)
    await clock.settle()
    expect(gets).toEqual([])
  })

  test.each([
    ['says no', (check: Question<boolean>) => check.answer(false)],
    ['rejects', (check: Question<boolean>) => check.fail(down)],
  ])('whose check %s is replaced within the same attempt', async (_, end) => {
    const { clock, loader, gets, checks, loaded, cached } = setUp()
    const loading = loader.load(cached(a), true)
    end(checks[0]!)
    await clock.settle()
    gets[0]!.answer(b)
    await clock.settle()
    expect(checks[1]!.service).toBe(b)
    checks[1]!.answer(true)
    expect(await loading).toBe(b)
    expect(loaded).toEqual([{ durationMs: 0 }])
  })

  test('is not discarded by a load that finds it again and still unwell: it is the cache that lets go of it', async () => {
    const { clock, loader, gets, checks, cached, disposed } = setUp()
    const loading = loader.load(cached(a), true)
    checks[0]!.answer(false)
    await clock.settle()
    gets[0]!.answer(a)
    await clock.settle()
    checks[1]!.answer(false)
    await expect(loading).rejects.toBeInstanceOf(ServiceUnavailableError)
    expect(disposed).toEqual([])
  })

  test('is held as long as its check runs, also beyond the deadline', async () => {
    const { clock, loader, lifetimes, checks, cached, disposed } = setUp()
    const candidate = cached(a)
    const loading = loader.load(candidate, true)
    loading.catch(() => undefined)
    await clock.advanceAsync(TIMEOUT_MS)
    await expect(loading).rejects.toBeInstanceOf(ServiceTimeoutError)
    lifetimes.retire(candidate)
    await clock.settle()
    expect(disposed).toEqual([])
    checks[0]!.answer(true)
    await clock.settle()
    expect(disposed).toEqual([a])
  })

  test('is held no longer than its check runs, however long its replacement hangs', async () => {
    const { clock, loader, lifetimes, gets, checks, cached, disposed } = setUp()
    const candidate = cached(a)
    loader.load(candidate, true).catch(() => undefined)
    checks[0]!.answer(false)
    await clock.settle()
    expect(gets).toHaveLength(1)
    lifetimes.retire(candidate)
    await clock.settle()
    expect(disposed).toEqual([a])
  })

  test('that turns out unwell after the deadline starts nothing new', async () => {
    const { clock, loader, gets, checks, told, cached } = setUp()
    const loading = loader.load(cached(a), true)
    loading.catch(() => undefined)
    await clock.advanceAsync(TIMEOUT_MS)
    checks[0]!.answer(false)
    await clock.settle()
    expect(gets).toEqual([])
    expect(told).toEqual({ abandoned: 0, lateAnswers: 0 })
    expect(loader.nextLoadAt).toBe(-Infinity)
  })
})

describe('a load that hangs', () => {
  test('fails at its deadline, and counts as abandoned until it ends, however it does', async () => {
    for (const end of ['answer', 'fail'] as const) {
      const { clock, loaded, told, abandoned } = setUp()
      const hung = await abandoned()
      expect(loaded).toMatchObject([{ durationMs: TIMEOUT_MS, error: { code: 'SVCPROXY_TIMEOUT' } }])
      expect(told.abandoned).toBe(1)
      hung[end](a)
      await clock.settle()
      expect(told.abandoned).toBe(0)
      expect(loaded).toHaveLength(1)
    }
  })

  test('is not abandoned when it ends in time, however it does', async () => {
    for (const end of ['answer', 'fail'] as const) {
      const { clock, loader, gets, told, begin } = setUp({ provider: { checkHealth: () => true } })
      begin()
      await clock.advanceAsync(TIMEOUT_MS - 1)
      expect(loader.nextLoadAt).toBe(-Infinity)
      gets[0]![end](a)
      await clock.advanceAsync(TIMEOUT_MS)
      expect(told).toEqual({ abandoned: 0, lateAnswers: 0 })
      expect(loader.nextLoadAt).toBe(-Infinity)
    }
  })

  test('does not make another fail: it says when the next may begin', async () => {
    const { clock, loader, gets, abandoned, succeed } = setUp()
    const startedAt = clock.now()
    expect(loader.nextLoadAt).toBe(-Infinity)
    await abandoned()
    expect(loader.nextLoadAt).toBe(startedAt + TIMEOUT_MS)
    const loading = loader.load(undefined, false)
    expect(gets).toHaveLength(2)
    await succeed(b)
    expect(await loading).toBe(b)
  })

  test('says so also while only the health check of what it brought hangs', async () => {
    const { clock, loader, gets, checks, disposed, begin } = setUp()
    const startedAt = clock.now()
    begin()
    gets[0]!.answer(a)
    await clock.advanceAsync(TIMEOUT_MS)
    expect(loader.nextLoadAt).toBe(startedAt + TIMEOUT_MS)
    checks[0]!.answer(true)
    await clock.settle()
    expect(disposed).toEqual([a])
    expect(loader.nextLoadAt).toBe(-Infinity)
  })

  test('says so also while only the check of its candidate hangs', async () => {
    const { clock, loader, checks, told, cached, begin } = setUp()
    const startedAt = clock.now()
    begin(cached(a))
    await clock.advanceAsync(TIMEOUT_MS)
    expect(loader.nextLoadAt).toBe(startedAt + TIMEOUT_MS)
    expect(told.abandoned).toBe(1)
    checks[0]!.fail(down)
    await clock.settle()
    expect(loader.nextLoadAt).toBe(-Infinity)
    expect(told).toEqual({ abandoned: 0, lateAnswers: 0 })
  })

  test('with others: the pauses grow in proportion, from the deadline on, until one is given up for lost', async () => {
    const { clock, loader, gets, told, abandoned } = setUp()
    const startedAt = clock.now()
    const pauses: number[] = []
    for (let count = 1; count <= 4; count++) {
      await abandoned()
      expect(told.abandoned).toBe(count)
      pauses.push(loader.nextLoadAt - startedAt)
      if (loader.nextLoadAt > clock.now()) clock.advance(loader.nextLoadAt - clock.now())
    }
    expect(gets).toHaveLength(4)
    expect(pauses.map(Math.round)).toEqual([5_000, 28_231, 159_399, 660_000])
    expect(pauses[1]! / pauses[0]!).toBeCloseTo(pauses[2]! / pauses[1]!, 6)
  })

  test('with others: when one of them ends, the next may begin as if it had never been', async () => {
    const { clock, loader, abandoned } = setUp()
    const firstAt = clock.now()
    const first = await abandoned()
    const secondAt = clock.now()
    const second = await abandoned()
    const third = await abandoned()
    second.fail(down)
    await clock.settle()
    expect(Math.round(loader.nextLoadAt - firstAt)).toBe(28_231)
    first.fail(down)
    await clock.settle()
    expect(loader.nextLoadAt).toBe(secondAt + 2 * TIMEOUT_MS)
    third.fail(down)
    await clock.settle()
    expect(loader.nextLoadAt).toBe(-Infinity)
  })

  test('and fails late tells nothing: the older ones go on holding others back', async () => {
    const { clock, loader, told, abandoned } = setUp()
    const startedAt = clock.now()
    await abandoned()
    const second = await abandoned()
    second.fail(down)
    await clock.settle()
    expect(loader.nextLoadAt).toBe(startedAt + TIMEOUT_MS)
    expect(told).toEqual({ abandoned: 1, lateAnswers: 0 })
  })

  test('is written off by a younger one that succeeds, and counts as abandoned until it really ends', async () => {
    const { clock, loader, told, begin, abandoned, succeed } = setUp()
    const hung = [await abandoned(), await abandoned(), await abandoned()]
    begin()
    await succeed(b)
    expect(loader.nextLoadAt).toBe(-Infinity)
    expect(told).toEqual({ abandoned: 3, lateAnswers: 0 })
    for (const { fail } of hung) fail(down)
    await clock.settle()
    expect(told.abandoned).toBe(0)
  })

  test('is written off by a younger one that succeeds late', async () => {
    const { clock, loader, checks, told, disposed, abandoned } = setUp({ provider: { checkHealth: () => true } })
    await abandoned()
    const second = await abandoned()
    second.answer(b)
    await clock.settle()
    expect(loader.nextLoadAt).toBe(-Infinity)
    expect(told).toEqual({ abandoned: 1, lateAnswers: 1 })
    expect([checks, disposed]).toEqual([[], [b]])
  })

  test('is written off by a younger one whose candidate is well, in time or late', async () => {
    for (const waitMs of [0, TIMEOUT_MS]) {
      const { clock, loader, checks, told, disposed, cached, begin, abandoned } = setUp()
      await abandoned()
      begin(cached(a))
      await clock.advanceAsync(waitMs)
      checks[0]!.answer(true)
      await clock.settle()
      expect(loader.nextLoadAt).toBe(-Infinity)
      expect(told).toEqual({ abandoned: 1, lateAnswers: waitMs === 0 ? 0 : 1 })
      expect(disposed).toEqual([])
    }
  })

  test.each([
    ['fails', (question: Question<Service>) => question.fail(down)],
    ['brings nothing', (question: Question<Service>) => question.answer(null as unknown as Service)],
    ['brings what is unwell', (question: Question<Service>) => question.answer(b)],
  ])('is not written off by a younger one that %s', async (_, end) => {
    const { clock, loader, gets, told, begin, abandoned } = setUp({ provider: { checkHealth: () => false } })
    const startedAt = clock.now()
    await abandoned()
    begin()
    end(gets[1]!)
    await clock.settle()
    expect(loader.nextLoadAt).toBe(startedAt + TIMEOUT_MS)
    expect(told).toEqual({ abandoned: 1, lateAnswers: 0 })
  })

  test('is not written off by an older one that succeeds late', async () => {
    const { clock, loader, told, abandoned } = setUp()
    const first = await abandoned()
    const secondAt = clock.now()
    await abandoned()
    first.answer(a)
    await clock.settle()
    expect(loader.nextLoadAt).toBe(secondAt + TIMEOUT_MS)
    expect(told).toEqual({ abandoned: 1, lateAnswers: 1 })
  })

  test('is not written off by an older one that succeeds after it was itself written off', async () => {
    const { clock, loader, told, abandoned, begin, succeed } = setUp()
    const first = await abandoned()
    begin()
    await succeed(b)
    const thirdAt = clock.now()
    await abandoned()
    first.answer(a)
    await clock.settle()
    expect(loader.nextLoadAt).toBe(thirdAt + TIMEOUT_MS)
    expect(told).toEqual({ abandoned: 1, lateAnswers: 1 })
  })

  test('does not write off what is not overdue: that still holds a place', async () => {
    const { clock, gets, begin, succeed } = setUp()
    for (let count = 0; count < 4; count++) begin()
    await succeed(b)
    begin()
    begin()
    expect(gets).toHaveLength(5)
    await clock.settle()
    expect(gets).toHaveLength(5)
  })

  test('for eleven minutes is written off when another begins, and not a millisecond earlier', async () => {
    const { clock, loader, gets, told, begin, abandoned } = setUp()
    const startedAt = clock.now()
    for (let count = 0; count < 4; count++) await abandoned()
    clock.advance(startedAt + LOST_MS - 1 - clock.now())
    begin()
    await clock.settle()
    expect(gets).toHaveLength(4)
    clock.advance(1)
    begin()
    await clock.settle()
    expect(gets).toHaveLength(5)
    expect(told.abandoned).toBe(4)
    // Of the four that are left, three are overdue, and the oldest of them is now the second.
    expect(Math.round(loader.nextLoadAt - (startedAt + TIMEOUT_MS))).toBe(159_399)
  })

  test('and succeeds late: what it brings is disposed, and not even checked', async () => {
    const { clock, checks, loaded, told, disposed, abandoned } = setUp()
    const hung = await abandoned()
    hung.answer(a)
    await clock.settle()
    expect(disposed).toEqual([a])
    expect(checks).toEqual([])
    expect(loaded).toHaveLength(1)
    expect(told).toEqual({ abandoned: 0, lateAnswers: 1 })
  })

  test('and succeeds late with the object that is in use already: it stays', async () => {
    const { clock, disposed, told, abandoned, cached } = setUp()
    const hung = await abandoned()
    const instance = cached(a)
    hung.answer(a)
    await clock.settle()
    expect(disposed).toEqual([])
    expect(instance.current).toBe(true)
    expect(told.lateAnswers).toBe(1)
  })

  test('and turns out unwell late is disposed once, and no answer', async () => {
    const { clock, gets, checks, told, disposed, begin } = setUp()
    begin()
    gets[0]!.answer(a)
    await clock.advanceAsync(TIMEOUT_MS)
    checks[0]!.answer(false)
    await clock.settle()
    expect(disposed).toEqual([a])
    expect(told).toEqual({ abandoned: 0, lateAnswers: 0 })
  })

  test.each([undefined, null])('and brings %s late is no answer', async (nothing) => {
    const { clock, told, disposed, abandoned } = setUp()
    const hung = await abandoned()
    hung.answer(nothing as unknown as Service)
    await clock.settle()
    expect(told).toEqual({ abandoned: 0, lateAnswers: 0 })
    expect(disposed).toEqual([])
  })

  test('and succeeds after it was written off: that is a late answer, too', async () => {
    const { clock, told, disposed, abandoned, begin, succeed } = setUp()
    const hung = await abandoned()
    begin()
    await succeed(b)
    hung.answer(a)
    await clock.settle()
    expect(disposed).toEqual([a])
    expect(told).toEqual({ abandoned: 0, lateAnswers: 1 })
  })
})

describe('loads begun side by side', () => {
  test('are four at the most: a fifth waits until one of them has ended', async () => {
    for (const end of ['answer', 'fail'] as const) {
      const { clock, loader, gets, checks, loaded, begin, succeed } = setUp()
      for (let count = 0; count < 4; count++) begin()
      clock.advance(30)
      const fifth = loader.load(undefined, false)
      await clock.settle()
      expect(gets).toHaveLength(4)
      gets[2]![end](a)
      await clock.settle()
      checks[0]?.answer(true)
      await clock.settle()
      expect(gets).toHaveLength(5)
      clock.advance(12)
      await succeed(b)
      expect(await fifth).toBe(b)
      expect(loaded.at(-1)).toEqual({ durationMs: 12 })
    }
  })

  test('that wait take turns, one for each that ends', async () => {
    const { clock, gets, begin } = setUp()
    for (let count = 0; count < 7; count++) begin()
    expect(gets).toHaveLength(4)
    for (let ended = 0; ended < 3; ended++) {
      gets[ended]!.fail(down)
      await clock.settle()
      expect(gets).toHaveLength(5 + ended)
    }
  })

  test('that wait do so under their deadline, and have asked nothing: they are not abandoned', async () => {
    const { clock, loader, gets, told, begin } = setUp()
    for (let count = 0; count < 4; count++) begin()
    clock.advance(100)
    const fifth = loader.load(undefined, false)
    fifth.catch(() => undefined)
    await clock.advanceAsync(TIMEOUT_MS)
    await expect(fifth).rejects.toBeInstanceOf(ServiceTimeoutError)
    expect(gets).toHaveLength(4)
    expect(told.abandoned).toBe(4)
    expect(loader.nextLoadAt).toBe(1_000 + LOST_MS)
  })

  test('that waited beyond their deadline do not ask when their turn comes: they pass it on', async () => {
    const { clock, loader, gets, told, begin } = setUp()
    for (let count = 0; count < 6; count++) begin()
    await clock.advanceAsync(TIMEOUT_MS)
    begin()
    const last = gets.length
    expect(last).toBe(4)
    gets[0]!.fail(down)
    await clock.settle()
    expect(gets).toHaveLength(5)
    for (const { fail } of gets.slice(1)) fail(down)
    await clock.settle()
    expect(gets).toHaveLength(5)
    expect(told).toEqual({ abandoned: 0, lateAnswers: 0 })
    expect(loader.nextLoadAt).toBe(-Infinity)
  })

  test('that wait get the place of one that is written off', async () => {
    const { gets, told, begin, abandoned, succeed } = setUp()
    await abandoned()
    for (let count = 0; count < 5; count++) begin()
    expect(gets).toHaveLength(4)
    await succeed(b)
    // That of the one that ended, and that of the one it wrote off.
    expect(gets).toHaveLength(6)
    expect(told.abandoned).toBe(1)
  })

  test('hold a candidate only while it is checked, not while they wait', async () => {
    const { clock, loader, lifetimes, checks, cached, begin, disposed } = setUp()
    for (let count = 0; count < 4; count++) begin()
    const candidate = cached(a)
    loader.load(candidate, false).catch(() => undefined)
    await clock.settle()
    expect([checks, candidate.leases]).toEqual([[], 0])
    lifetimes.retire(candidate)
    await clock.settle()
    expect(disposed).toEqual([a])
  })
})

describe('a trial', () => {
  test('has its load run past the circuit, and keeps to the same limit', async () => {
    const trials: boolean[] = []
    const run = <R>(attempt: Attempt<R>, trial: boolean): Promise<R> => {
      trials.push(trial)
      return DeadlineQueue.join(clock, TIMEOUT_MS).run('db', attempt)
    }
    const { clock, loader, gets, begin } = setUp({
      guard: { execute: (attempt) => run(attempt, false), executeInTime: (attempt) => run(attempt, true) },
    })
    for (let count = 0; count < 4; count++) begin()
    loader.load(undefined, true).catch(() => undefined)
    await clock.settle()
    expect(trials).toEqual([false, false, false, false, true])
    expect(gets).toHaveLength(4)
    gets[0]!.fail(down)
    await clock.settle()
    expect(gets).toHaveLength(5)
  })
})

describe('callSignal()', () => {
  test("in each of the provider's methods is the signal of its load, and after their first await there is none", async () => {
    const signals: (AbortSignal | undefined)[] = []
    const given: AbortSignal[] = []
    const method = async (signal: AbortSignal): Promise<void> => {
      given.push(signal)
      signals.push(callSignal())
      await Promise.resolve()
      signals.push(callSignal())
    }
    const { loader, cached } = setUp({
      provider: {
        getService: ({ signal }) => method(signal).then(() => b),
        checkHealth: (service, { signal }) => method(signal).then(() => service === b),
      },
    })
    expect(await loader.load(cached(a), false)).toBe(b)
    expect(given).toHaveLength(3)
    expect(signals).toEqual(given.flatMap((signal) => [signal, undefined]))
    expect(callSignal()).toBeUndefined()
  })
})
