import { ManualClock } from '@svcproxy/testing'
import { describe, expect, test } from 'vitest'
import { DeadlineQueue } from './deadline.ts'
import { CircuitOpenError, ServiceTimeoutError, ServiceUnavailableError } from './errors.ts'
import { InstanceLifetimes } from './instance-lifetimes.ts'
import { ABANDONED_LOAD_MS, ServiceLoader } from './service-loader.ts'
import type { ServiceLoaderOptions } from './service-loader.ts'
import type { ServiceProvider } from './service-provider.ts'

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
const a: Service = { name: 'a' }
const b: Service = { name: 'b' }
const down = new Error('down')

interface Setup extends Partial<Omit<ServiceLoaderOptions<Service>, 'provider'>> {
  readonly provider?: Partial<ServiceProvider<Service>>
}

function setUp(options: Setup = {}) {
  const clock = new ManualClock()
  const disposed: Service[] = []
  const gets: Question<Service>[] = []
  const checks: Question<boolean>[] = []
  const loaded: { durationMs: number; error?: unknown }[] = []
  const lifetimes = new InstanceLifetimes<Service>({
    serviceName: 'db',
    clock,
    disposeGraceMs: 30_000,
    dispose: (service) => void disposed.push(service),
    onDisposed: () => undefined,
  })
  const deadlines = DeadlineQueue.join(clock, TIMEOUT_MS)
  const provider: ServiceProvider<Service> = {
    serviceName: 'db',
    getService: ({ signal }) => new Promise((answer, fail) => gets.push({ signal, answer, fail })),
    checkHealth: (service, { signal }) => new Promise((answer, fail) => checks.push({ service, signal, answer, fail })),
    ...options.provider,
  }
  const loader = new ServiceLoader<Service>({
    serviceName: 'db',
    clock,
    lifetimes,
    execute: (attempt) => deadlines.run('db', attempt),
    onLoaded: (durationMs, failure) => loaded.push({ durationMs, ...failure }),
    ...options,
    provider,
  })
  /** A cached instance of `service`, as the cache holds it. */
  function cached(service: Service) {
    const instance = lifetimes.adopt(service)
    instance.current = true
    return instance
  }
  /** A load that hangs beyond its deadline. */
  async function abandoned(trial = false): Promise<Question<Service>> {
    const loading = loader.load(undefined, trial)
    loading.catch(() => undefined)
    await clock.advanceAsync(TIMEOUT_MS)
    await expect(loading).rejects.toBeInstanceOf(ServiceTimeoutError)
    return gets.at(-1)!
  }
  /** Whether a load now reaches the provider. */
  async function reaches(trial = false): Promise<boolean> {
    const before = gets.length
    const loading = loader.load(undefined, trial)
    loading.catch(() => undefined)
    await clock.settle()
    if (gets.length === before) {
      await expect(loading).rejects.toThrow('a load that overran its deadline is still pending')
      return false
    }
    gets.at(-1)!.fail(down)
    await clock.settle()
    return true
  }
  return { clock, loader, lifetimes, disposed, gets, checks, loaded, cached, abandoned, reaches }
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
      execute: (attempt) => {
        attempt.settled?.('refused', refusal, attempt.startedAt, 'ignored')
        return Promise.reject(refusal)
      },
    })
    const suspect = cached(a)
    await expect(loader.load(suspect, true)).rejects.toBe(refusal)
    expect([gets, loaded]).toEqual([[], []])
    expect(suspect.leases).toBe(0)
    lifetimes.retire(suspect)
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

describe('a suspect', () => {
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
    const suspect = cached(a)
    const loading = loader.load(suspect, true)
    loading.catch(() => undefined)
    await clock.advanceAsync(TIMEOUT_MS)
    await expect(loading).rejects.toBeInstanceOf(ServiceTimeoutError)
    lifetimes.retire(suspect)
    await clock.settle()
    expect(disposed).toEqual([])
    checks[0]!.answer(true)
    await clock.settle()
    expect(disposed).toEqual([a])
  })

  test('is held no longer than its check runs, however long its replacement hangs', async () => {
    const { clock, loader, lifetimes, gets, checks, cached, disposed } = setUp()
    const suspect = cached(a)
    loader.load(suspect, true).catch(() => undefined)
    checks[0]!.answer(false)
    await clock.settle()
    expect(gets).toHaveLength(1)
    lifetimes.retire(suspect)
    await clock.settle()
    expect(disposed).toEqual([a])
  })

  test('that turns out unwell after the deadline starts nothing new', async () => {
    const { clock, loader, gets, checks, cached, reaches } = setUp()
    const loading = loader.load(cached(a), true)
    loading.catch(() => undefined)
    await clock.advanceAsync(TIMEOUT_MS)
    checks[0]!.answer(false)
    await clock.settle()
    expect(gets).toEqual([])
    expect(await reaches()).toBe(true)
  })
})

describe('a load that hangs', () => {
  test('fails at its deadline', async () => {
    const { loaded, abandoned } = setUp()
    await abandoned()
    expect(loaded).toMatchObject([{ durationMs: TIMEOUT_MS, error: { code: 'SVCPROXY_TIMEOUT' } }])
  })

  test('keeps others from starting: they fail fast', async () => {
    const { clock, loader, gets, loaded, abandoned } = setUp()
    await abandoned()
    const loading = loader.load(undefined, false)
    await expect(loading).rejects.toBeInstanceOf(ServiceUnavailableError)
    await expect(loading).rejects.toThrow("Service 'db' is unavailable: a load that overran its deadline is still")
    await clock.settle()
    expect(gets).toHaveLength(1)
    expect(loaded).toMatchObject([{}, { durationMs: 0, error: { code: 'SVCPROXY_UNAVAILABLE' } }])
  })

  test('keeps nobody any more when it ends, however it does', async () => {
    for (const end of ['answer', 'fail'] as const) {
      const { clock, abandoned, reaches } = setUp()
      const hung = await abandoned()
      hung[end](a)
      await clock.settle()
      expect(await reaches()).toBe(true)
    }
  })

  test('keeps others also while only the health check of what it brought hangs', async () => {
    const { clock, loader, gets, checks, disposed, reaches } = setUp()
    const loading = loader.load(undefined, false)
    loading.catch(() => undefined)
    gets[0]!.answer(a)
    await clock.advanceAsync(TIMEOUT_MS)
    await expect(loading).rejects.toBeInstanceOf(ServiceTimeoutError)
    expect(await reaches()).toBe(false)
    checks[0]!.answer(true)
    await clock.settle()
    expect(disposed).toEqual([a])
    expect(await reaches()).toBe(true)
  })

  test(`is written off ${ABANDONED_LOAD_MS} ms after its deadline`, async () => {
    const { clock, abandoned, reaches } = setUp()
    await abandoned()
    clock.advance(ABANDONED_LOAD_MS - 1)
    expect(await reaches()).toBe(false)
    clock.advance(1)
    expect(await reaches()).toBe(true)
  })

  test('does not keep a trial of the circuit', async () => {
    const { abandoned, reaches } = setUp()
    await abandoned()
    expect(await reaches(true)).toBe(true)
    expect(await reaches()).toBe(false)
  })

  test('keeps others also when a trial hung beside it and has ended', async () => {
    const { clock, abandoned, reaches } = setUp()
    const first = await abandoned()
    const second = await abandoned(true)
    second.answer(a)
    await clock.settle()
    expect(await reaches()).toBe(false)
    first.answer(b)
    await clock.settle()
    expect(await reaches()).toBe(true)
  })

  test('two that began before an invalidation and after it both keep others', async () => {
    for (const firstToEnd of [0, 1]) {
      const { clock, loader, gets, reaches } = setUp()
      const loads = [loader.load(undefined, false), loader.load(undefined, false)]
      for (const load of loads) load.catch(() => undefined)
      await clock.advanceAsync(TIMEOUT_MS)
      gets[firstToEnd]!.fail(down)
      await clock.settle()
      expect(await reaches()).toBe(false)
      gets[1 - firstToEnd]!.fail(down)
      await clock.settle()
      expect(await reaches()).toBe(true)
    }
  })

  test('and succeeds late: what it brings is disposed, and not even checked', async () => {
    const { clock, checks, loaded, disposed, abandoned } = setUp()
    const hung = await abandoned()
    hung.answer(a)
    await clock.settle()
    expect(disposed).toEqual([a])
    expect(checks).toEqual([])
    expect(loaded).toHaveLength(1)
  })

  test('and succeeds late with the object that is in use already: it stays', async () => {
    const { clock, disposed, abandoned, cached } = setUp()
    const hung = await abandoned()
    const instance = cached(a)
    hung.answer(a)
    await clock.settle()
    expect(disposed).toEqual([])
    expect(instance.current).toBe(true)
  })

  test('and turns out unwell late is disposed once', async () => {
    const { clock, loader, gets, checks, disposed } = setUp()
    const loading = loader.load(undefined, false)
    loading.catch(() => undefined)
    gets[0]!.answer(a)
    await clock.advanceAsync(TIMEOUT_MS)
    checks[0]!.answer(false)
    await clock.settle()
    expect(disposed).toEqual([a])
  })
})
