import { ManualClock, plainBreaker } from '@svcproxy/testing'
import { describe, expect, expectTypeOf, onTestFinished, test } from 'vitest'
import { factoryProvider, InvalidOptionError, ServiceProxy, ServiceProxyManager } from './index.ts'
import type { CallContext, MethodPath, MethodPolicies, ServiceProxyOptions, ServiceTimeoutError } from './index.ts'

const notFound = new Error('not found')

/** Each method takes the time that it is told. */
class Reports {
  readonly #clock: ManualClock
  readonly admin: { readonly jobs: { run(ms: number): Promise<string> } }

  constructor(clock: ManualClock) {
    this.#clock = clock
    this.admin = { jobs: { run: (ms) => this.find(ms) } }
  }

  async find(ms: number): Promise<string> {
    await new Promise<void>((resolve) => this.#clock.setTimer(resolve, ms))
    return 'found'
  }

  create(ms: number): Promise<string> {
    return this.find(ms)
  }

  fail(): Promise<never> {
    return Promise.reject(notFound)
  }
}

function setUp(options: Partial<ServiceProxyOptions<Reports>> = {}) {
  const clock = new ManualClock()
  const proxy = new ServiceProxy<Reports>('reports', {
    provider: factoryProvider('reports', { create: () => new Reports(clock) }),
    breaker: plainBreaker,
    timeoutMs: 1_000,
    clock,
    ...options,
  })
  onTestFinished(() => proxy.stop())
  /** What came of a call, and after how many milliseconds. */
  const timed = async (call: Promise<unknown>): Promise<[unknown, number]> => {
    const startedAt = clock.now()
    const ended = call.then(
      (answer): [unknown, number] => [answer, clock.now() - startedAt],
      (error: unknown): [unknown, number] => [(error as Error).message, clock.now() - startedAt],
    )
    await clock.advanceAsync(100_000)
    return ended
  }
  return { clock, proxy, timed }
}

const late = (ms: number): [string, number] => [`Service 'reports' did not answer within ${ms} ms`, ms]

describe('the deadline', () => {
  test('is the method’s, where it has one, and the service’s everywhere else', async () => {
    const { proxy, timed } = setUp({
      methods: { find: { timeoutMs: 200 }, create: { timeoutMs: 60_000 }, 'admin.jobs.run': { timeoutMs: 30 } },
    })
    await proxy.get()
    const { service } = proxy
    expect(await timed(service.find(5_000))).toEqual(late(200))
    expect(await timed(service.create(50_000))).toEqual(['found', 50_000])
    expect(await timed(service.admin.jobs.run(5_000))).toEqual(late(30))
    expect(await timed(proxy.call((reports) => reports.find(5_000)))).toEqual(late(1_000))
    expect(proxy.settings.methods).toEqual({
      find: { timeoutMs: 200, hasIsFailure: false, retry: false },
      create: { timeoutMs: 60_000, hasIsFailure: false, retry: false },
      'admin.jobs.run': { timeoutMs: 30, hasIsFailure: false, retry: false },
    })
  })

  test('is the caller’s before all others', async () => {
    const { proxy, timed } = setUp({ methods: { find: { timeoutMs: 200 } } })
    await proxy.get()
    expect(await timed(proxy.serviceWith({ timeoutMs: 3_000 }).find(2_000))).toEqual(['found', 2_000])
    expect(await timed(proxy.serviceWith({ timeoutMs: 50 }).create(2_000))).toEqual(late(50))
    expect(await timed(proxy.call((reports) => reports.find(2_000), { timeoutMs: 70 }))).toEqual(late(70))
    const manager = new ServiceProxyManager({ breaker: plainBreaker }).add('reports', {
      provider: factoryProvider('reports', { create: () => ({ ask: async () => 'answer' }) }),
    })
    expect(await manager.servicesWith({ timeoutMs: 50 }).reports.ask()).toBe('answer')
    await manager.stop()
  })

  test('aborts the signal of the operation, and comes due in its order whatever the others have', async () => {
    const { clock, proxy } = setUp()
    await proxy.get()
    const order: number[] = []
    const call = (timeoutMs: number) =>
      proxy
        .call(
          (_, { signal }: CallContext) =>
            new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
          {
            timeoutMs,
          },
        )
        .catch((error: unknown) => order.push((error as ServiceTimeoutError).timeoutMs))
    const calls = [300, 100, 200, 100].map(call)
    await clock.advanceAsync(250)
    expect(order).toEqual([100, 100, 200])
    await clock.advanceAsync(50)
    await Promise.all(calls)
    expect(order).toEqual([100, 100, 200, 300])
  })

  test('leaves no timer behind, used or not', async () => {
    const { clock, proxy } = setUp({ methods: { find: { timeoutMs: 200 } } })
    await proxy.get()
    const call = proxy.call((reports) => reports.find(10), { timeoutMs: 77 })
    const other = proxy.service.find(10)
    await clock.advanceAsync(10)
    await Promise.all([call, other])
    await proxy.stop()
    expect(clock.pendingTimers).toBe(0)
  })

  test('of a trial is that of its method: the circuit waits for it as long', async () => {
    const { clock, proxy, timed } = setUp({
      circuit: { failureThreshold: 1, successThreshold: 1, recoveryTimeoutMs: 100 },
      methods: { create: { timeoutMs: 60_000 } },
    })
    await expect(proxy.service.fail()).rejects.toBe(notFound)
    await clock.advanceAsync(100)
    expect(await timed(proxy.service.create(50_000))).toEqual(['found', 50_000])
    expect(proxy.circuitState).toBe('closed')
  })
})

describe('isFailure', () => {
  test('is the method’s, where it has one: with a circuit and without, for the circuit, the counts and the fallback', async () => {
    const fallback = { find: async () => 'instead', create: async () => 'instead', fail: async () => 'instead' }
    for (const breaker of [{ breaker: plainBreaker }, { circuit: false as const }]) {
      const { proxy } = setUp({
        ...breaker,
        methods: { fail: { isFailure: (error) => error !== notFound } },
        fallback: () => fallback as unknown as Reports,
      })
      for (let count = 0; count < 6; count++) await expect(proxy.service.fail()).rejects.toBe(notFound)
      expect(proxy.getMetrics()).toMatchObject({ failedRequests: 0, fallbacks: 0 })
      expect(await proxy.call((reports) => reports.fail()).catch((error: unknown) => error)).toBe('instead')
      expect(proxy.getMetrics()).toMatchObject({ failedRequests: 1, fallbacks: 1 })
    }
  })

  test('one that throws counts as a failure and breaks no call', async () => {
    const { proxy } = setUp({
      circuit: { failureThreshold: 2 },
      methods: {
        fail: {
          isFailure: () => {
            throw new Error('a bug')
          },
        },
      },
    })
    await expect(proxy.service.fail()).rejects.toBe(notFound)
    await expect(proxy.service.fail()).rejects.toBe(notFound)
    expect(proxy.circuitState).toBe('open')
  })
})

describe('what is wrong is said', () => {
  const WRONG: readonly (readonly [unknown, string])[] = [
    [5, 'methods must be an object; received 5'],
    [{ find: 5 }, 'methods.find must be an object; received 5'],
    [{ find: { timeout: 5 } }, 'methods.find must be an object with only timeoutMs, isFailure, retry'],
    [{ find: { timeoutMs: 0 } }, 'methods.find.timeoutMs must be a number in 1 … 2147483647; received 0'],
    [{ find: { isFailure: true } }, 'methods.find.isFailure must be a function; received true'],
  ]
  test.for(WRONG)('%o', ([methods, message]) => {
    expect(() => setUp({ methods: methods as MethodPolicies<Reports> })).toThrow(message)
  })

  test('a deadline of a call: as a rejection; of a facade at once', async () => {
    const { proxy } = setUp()
    await expect(proxy.call(() => 1, { timeoutMs: -1 })).rejects.toThrow('timeoutMs must be a number in 1 … 2147483647')
    expect(() => proxy.serviceWith({ timeoutMs: Number.NaN })).toThrow(InvalidOptionError)
    expect(proxy.getMetrics().inFlight).toBe(0)
  })

  test('a method that the service turns out not to have: to every caller, and the circuit does not hear of it', async () => {
    const misspelt = { fnd: { timeoutMs: 5 } } as MethodPolicies<Reports>
    const { proxy } = setUp({ methods: misspelt, backoffInitialMs: 0 })
    for (let count = 0; count < 6; count++) {
      await expect(proxy.service.find(0)).rejects.toThrow(
        'methods[\'fnd\'] must be left out, or the path of a method that the service has; received "fnd"',
      )
    }
    expect(proxy.circuitState).toBe('closed')
    const value = { 'admin.jobs': { timeoutMs: 5 } } as MethodPolicies<Reports>
    await expect(setUp({ methods: value }).proxy.get()).rejects.toThrow("methods['admin.jobs']")
  })

  test('what cannot be known without running a getter is believed', async () => {
    class Lazy {
      get jobs(): { run(): string } {
        return { run: () => 'ran' }
      }
    }
    const proxy = new ServiceProxy('lazy', {
      provider: factoryProvider('lazy', { create: () => new Lazy() }),
      methods: { 'jobs.run': { timeoutMs: 50 } },
    })
    expect(await proxy.service.jobs.run()).toBe('ran')
    const proxied = new ServiceProxy<{ ask(): string }>('proxied', {
      provider: factoryProvider('proxied', { create: () => new Proxy({ ask: () => 'asked' }, {}) }),
      methods: { ask: { timeoutMs: 50 } },
    })
    expect(await proxied.service.ask()).toBe('asked')
  })
})

test('the paths of the methods are typed', () => {
  interface Sdk {
    (url: string): Promise<string>
    version: string
    find(id: string): Promise<string>
    optional?(): void
    chat: { model: string; completions: { create(): Promise<string>; stream?: () => void } }
    tags: string[]
  }
  expectTypeOf<MethodPath<Sdk>>().toEqualTypeOf<
    '$self' | 'find' | 'optional' | 'chat.completions.create' | 'chat.completions.stream'
  >()
  interface Tree {
    readonly child: Tree
    find(): void
  }
  expectTypeOf<'child.child.child.child.find'>().toExtend<MethodPath<Tree>>()
  // @ts-expect-error -- no method of this name
  const misspelt: MethodPolicies<Reports> = { fnd: {} }
  expect(misspelt).toBeDefined()
})
