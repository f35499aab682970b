// A library for resilience must never make things worse than they were. Each test here is a trouble that an earlier
// version made last longer than it did, or made out of nothing. `npm run faults` puts the faults back one by one.
import { ManualClock, plainBreaker } from '@svcproxy/testing'
import { AsyncLocalStorage } from 'node:async_hooks'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Readable } from 'node:stream'
import { ReadableStream } from 'node:stream/web'
import { describe, expect, test } from 'vitest'
import { callSignal, factoryProvider, ServiceProxy } from './index.ts'
import type { ProxySettings, ServiceProvider, ServiceProxyOptions } from './index.ts'

const never = (): Promise<never> => new Promise(() => undefined)
const notFound = new Error('not found')

/** Ends after `ms`, or when the signal aborts. */
function work(clock: ManualClock, ms: number, signal?: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(() => resolve('done'), ms)
    signal?.addEventListener('abort', () => {
      timer.cancel()
      reject(new Error('cancelled'))
    })
  })
}

/** How many of some calls succeeded. */
class Tally {
  calls = 0
  succeeded = 0

  add(call: Promise<unknown>): void {
    this.calls++
    call.then(
      () => this.succeeded++,
      () => undefined,
    )
  }

  get share(): number {
    return this.succeeded / this.calls
  }
}

/** 200 calls a second for `ms`; those that are answered within it, and within one deadline more, are counted. */
async function traffic(clock: ManualClock, ms: number, call: () => Promise<unknown>): Promise<Tally> {
  const tally = new Tally()
  for (let passed = 0; passed < ms; passed += 5) {
    tally.add(call())
    await clock.advanceAsync(5)
  }
  return tally
}

interface Desk {
  ask(): Promise<string>
}

function proxyOf(provider: ServiceProvider<Desk>, settings: ProxySettings & Partial<ServiceProxyOptions<Desk>>) {
  return new ServiceProxy<Desk>('desk', { provider, random: () => 0.5, cacheTtlJitterRatio: 0, ...settings })
}

const CIRCUITS = {
  'with a circuit': { breaker: plainBreaker, circuit: { recoveryTimeoutMs: 100 } },
  'without one': {},
  'with a monitor and no circuit': { healthIntervalMs: 250 },
} satisfies Record<string, ProxySettings>

describe('1. given-up calls hold others back only until something younger succeeds', () => {
  for (const [kind, settings] of Object.entries(CIRCUITS)) {
    for (const cancellable of [true, false]) {
      test(`${kind}: a service that hung for 2 s is used again, by a client that ${cancellable ? 'is cancelled' : 'cannot be'}`, async () => {
        const clock = new ManualClock()
        let hanging = false
        const desk: Desk = {
          ask: () => {
            const signal = callSignal()
            return hanging ? work(clock, 300_000, cancellable ? signal : undefined) : work(clock, 2)
          },
        }
        const provider = factoryProvider('desk', { create: () => desk, checkHealth: () => true })
        const proxy = proxyOf(provider, { clock, timeoutMs: 200, maxConcurrentCalls: 20, ...settings })
        expect((await traffic(clock, 500, () => proxy.service.ask())).share).toBe(1)
        hanging = true
        await traffic(clock, 2_000, () => proxy.service.ask())
        hanging = false
        // Without a circuit there are no trials: a call is let through every now and then.
        if (kind !== 'with a circuit') await clock.advanceAsync(500)
        const after = await traffic(clock, 3_000, () => proxy.service.ask())
        expect(after.share).toBeGreaterThanOrEqual(0.95)
        const { abandonedCalls } = proxy.getMetrics()
        expect(abandonedCalls >= 20, 'what still runs is counted').toBe(!cancellable)
        await clock.advanceAsync(300_000)
        expect(proxy.getMetrics()).toMatchObject({ abandonedCalls: 0, inFlight: 0 })
        await clock.advanceAsync(1)
        expect((await traffic(clock, 100, () => proxy.service.ask())).share, 'places are counted right').toBe(1)
      })
    }
  }

  for (const [kind, trials] of [
    ['with a circuit', 20],
    ['without one', 120],
  ] as const) {
    test(`${kind}: a service that hangs for ten minutes gets no more than maxConcurrentCalls and ${trials} trials`, async () => {
      const clock = new ManualClock()
      let running = 0
      const desk: Desk = { ask: () => (running++, never()) }
      const provider = factoryProvider('desk', { create: () => desk })
      const circuit = trials === 20 ? { breaker: plainBreaker, circuit: { recoveryTimeoutMs: 30_000 } } : {}
      const proxy = proxyOf(provider, { ...circuit, clock, timeoutMs: 200, maxConcurrentCalls: 20 })
      for (let second = 0; second < 600; second++) {
        for (let call = 0; call < 50; call++) proxy.service.ask().catch(() => undefined)
        await clock.advanceAsync(1_000)
      }
      expect(running).toBeLessThanOrEqual(20 + trials)
      expect(running).toBeGreaterThan(20)
      expect(proxy.getMetrics().abandonedCalls).toBe(running)
    })
  }

  test('a trial of the half-open circuit is never refused for capacity', async () => {
    const clock = new ManualClock()
    let down = true
    const provider = factoryProvider('desk', {
      create: () => ({
        ask: async () => {
          if (down) throw new Error('down')
          return 'done'
        },
        slow: () => work(clock, 4_000),
      }),
    })
    const circuit = { failureThreshold: 1, successThreshold: 1, recoveryTimeoutMs: 1_000 }
    const proxy = new ServiceProxy('desk', { provider, clock, breaker: plainBreaker, circuit, maxConcurrentCalls: 2 })
    await proxy.get()
    const first = proxy.service.slow()
    await expect(proxy.service.ask()).rejects.toThrow('down')
    down = false
    await clock.advanceAsync(1_000)
    const trial = proxy.service.slow()
    await clock.settle()
    await clock.advanceAsync(3_000)
    await expect(first).resolves.toBe('done')
    await clock.advanceAsync(1_000)
    await expect(trial).resolves.toBe('done')
    // Both places are taken by calls that are under way, none of them given up.
    const busy = [proxy.service.slow(), proxy.service.slow()]
    await clock.settle()
    proxy.importCircuit({ state: 'half_open', failures: 0, successes: 0, remainingMs: 0 })
    await expect(proxy.service.ask()).resolves.toBe('done')
    expect(proxy.circuitState).toBe('closed')
    await expect(proxy.service.ask()).rejects.toMatchObject({ code: 'SVCPROXY_CAPACITY' })
    await clock.advanceAsync(4_000)
    await Promise.all(busy)
  })

  test('a call that began before a given-up one and succeeds later writes nothing off', async () => {
    const clock = new ManualClock()
    const desk = { ask: () => work(clock, 190), hang: never }
    const provider = factoryProvider('desk', { create: () => desk })
    const proxy = new ServiceProxy('desk', { provider, clock, timeoutMs: 200, maxConcurrentCalls: 2, random: () => 1 })
    await proxy.get()
    const caller = new AbortController()
    const slow = proxy.service.ask()
    await clock.advanceAsync(10)
    const hung = proxy.call((service) => service.hang(), { signal: caller.signal })
    caller.abort(notFound)
    await expect(hung).rejects.toBe(notFound)
    await clock.advanceAsync(180)
    await expect(slow).resolves.toBe('done')
    const next = proxy.service.ask()
    await expect(proxy.service.ask()).rejects.toMatchObject({ code: 'SVCPROXY_CAPACITY' })
    await clock.advanceAsync(190)
    await expect(next).resolves.toBe('done')
  })
})

describe('2. given-up loads hold others back only until something younger succeeds', () => {
  for (const [kind, settings] of Object.entries(CIRCUITS)) {
    for (const what of ['create', 'checkHealth'] as const) {
      for (const end of ['with the trouble', 'when it was told to', 'never'] as const) {
        test(`${kind}: ${what}() hung for 2 s and ended ${end}`, async () => {
          const clock = new ManualClock()
          let hangsUntil = 0
          let pending = 0
          let most = 0
          const maybeHang = async (which: string, signal: AbortSignal): Promise<void> => {
            const leftMs = hangsUntil - clock.now()
            if (which !== what || leftMs <= 0) return
            most = Math.max(most, ++pending)
            const working =
              end === 'never' ? never() : work(clock, leftMs, end === 'with the trouble' ? undefined : signal)
            await working.finally(() => pending--)
          }
          const provider = factoryProvider<Desk>('desk', {
            create: async ({ signal }) => (await maybeHang('create', signal), { ask: async () => 'done' }),
            checkHealth: async (_desk, { signal }) => (await maybeHang('checkHealth', signal), true),
            renew: what === 'create' ? 'replace' : 'check',
          })
          // The longest pauses that chance can give.
          const random = (): number => 1
          const proxy = proxyOf(provider, { clock, timeoutMs: 100, cacheTtlMs: 200, ...settings, random })
          // The trouble begins with the end of the TTL, and ends just after the deadline of the fifth load.
          await traffic(clock, 200, () => proxy.service.ask())
          hangsUntil = clock.now() + 2_010
          await traffic(clock, 3_000, () => proxy.service.ask())
          const after = await traffic(clock, 3_000, () => proxy.service.ask())
          expect(after.share).toBeGreaterThanOrEqual(0.95)
          // A monitor asks by itself, beside the loads.
          expect(most).toBeLessThanOrEqual('healthIntervalMs' in settings ? 8 : 4)
          expect(proxy.getMetrics().abandonedLoads).toBeLessThanOrEqual(end === 'never' ? most : 0)
        })
      }
    }
  }

  for (const timeoutMs of [100, 5_000]) {
    for (const [kind, settings] of Object.entries(CIRCUITS)) {
      test(`${kind}: never more than 4 are pending on a provider that hangs for ten minutes, deadline ${timeoutMs} ms`, async () => {
        const clock = new ManualClock()
        let pending = 0
        const provider = factoryProvider<Desk>('desk', { create: () => (pending++, never()) })
        const proxy = proxyOf(provider, { clock, timeoutMs, ...settings })
        for (let passed = 0; passed < 600_000; passed += 100) {
          proxy.service.ask().catch(() => undefined)
          if (passed % 10_000 === 0) proxy.invalidateCache()
          await clock.advanceAsync(100)
        }
        expect(pending).toBe(4)
        expect(proxy.getMetrics()).toMatchObject({ abandonedLoads: 4, inFlight: 0 })
      })
    }
  }

  test('a lost packet costs one back-off', async () => {
    const clock = new ManualClock()
    let loads = 0
    const provider = factoryProvider<Desk>('desk', {
      create: () => (++loads === 1 ? never() : { ask: async () => 'done' }),
    })
    const proxy = proxyOf(provider, { clock })
    const first = expect(proxy.service.ask()).rejects.toMatchObject({ code: 'SVCPROXY_TIMEOUT' })
    await clock.advanceAsync(5_000)
    await first
    await clock.advanceAsync(50)
    await expect(proxy.service.ask()).resolves.toBe('done')
    expect(proxy.getMetrics().abandonedLoads).toBe(1)
  })
})

describe('3. an instance on which a trial failed is not trusted again', () => {
  for (const checked of [false, true]) {
    test(`a connection that broke for good is replaced at the second trial at the latest, ${checked ? 'whatever its health check says' : 'without a health check'}`, async () => {
      const clock = new ManualClock()
      const made: { broken: boolean; ended: boolean }[] = []
      const provider = factoryProvider<Desk & { broken: boolean; ended: boolean }>('desk', {
        create: () => {
          const desk = {
            broken: false,
            ended: false,
            ask: async () => {
              if (desk.broken) throw new Error('the connection is broken')
              return 'done'
            },
          }
          made.push(desk)
          return desk
        },
        ...(checked ? { checkHealth: () => true } : {}),
        dispose: (desk) => void (desk.ended = true),
      })
      const proxy = new ServiceProxy('desk', {
        provider,
        clock,
        breaker: plainBreaker,
        circuit: { recoveryTimeoutMs: 1_000 },
      })
      await proxy.service.ask()
      made[0]!.broken = true
      for (let failure = 0; failure < 5; failure++) await expect(proxy.service.ask()).rejects.toThrow('broken')
      await clock.advanceAsync(1_000)
      await expect(proxy.service.ask(), 'the first trial').rejects.toThrow('broken')
      await clock.advanceAsync(1_000)
      for (let trial = 0; trial < 3; trial++) await expect(proxy.service.ask()).resolves.toBe('done')
      expect(proxy.circuitState).toBe('closed')
      expect(made).toHaveLength(2)
      await clock.advanceAsync(30_000)
      expect(made.map(({ ended }) => ended)).toEqual([true, false])
    })
  }
})

test('4. callSignal: no more than the deadline leaves are at work at once in a service that can be cancelled', async () => {
  const clock = new ManualClock()
  let running = 0
  let most = 0
  const provider = factoryProvider<Desk>('desk', {
    create: (context) => ({
      ask: async () => {
        const signal = context.callSignal()
        most = Math.max(most, ++running)
        return work(clock, 2_000, signal).finally(() => running--)
      },
    }),
  })
  const proxy = proxyOf(provider, { clock, timeoutMs: 100 })
  await traffic(clock, 3_000, () => proxy.service.ask())
  expect(most).toBeLessThanOrEqual(25)
})

describe('4. callSignal', () => {
  const provider = factoryProvider('desk', {
    create: () => ({
      own: () => callSignal(),
      async later() {
        const before = callSignal()
        await Promise.resolve()
        return [before instanceof AbortSignal, callSignal()]
      },
      through(other: ServiceProxy<{ own(): AbortSignal | undefined }>) {
        const inner = other.call((desk) => desk.own())
        return { own: callSignal(), inner }
      },
    }),
  })

  test('is the signal of the call that runs the method, read at its entry, and of none later or outside', async () => {
    const proxy = new ServiceProxy('desk', { provider })
    expect(callSignal()).toBeUndefined()
    const { own, given } = await proxy.call((desk, { signal }) => ({ own: desk.own(), given: signal }))
    expect(own).toBe(given)
    expect(await proxy.service.own()).not.toBe(own)
    expect(await proxy.service.later()).toEqual([true, undefined])
    expect(callSignal()).toBeUndefined()
  })

  test('of calls within calls is each its own, also when the inner one has to load its instance first', async () => {
    const outer = new ServiceProxy('desk', { provider })
    const seen: unknown[] = []
    const inner = new ServiceProxy('inner', {
      provider: factoryProvider('inner', {
        create: ({ signal }) => (seen.push(callSignal() === signal), { own: () => callSignal() }),
      }),
    })
    await outer.get()
    for (let round = 0; round < 2; round++) {
      const { own, inner: its } = await outer.service.through(inner)
      expect(own).toBeInstanceOf(AbortSignal)
      const innerSignal = await its
      expect(innerSignal).toBeInstanceOf(AbortSignal)
      expect(innerSignal).not.toBe(own)
    }
    expect(seen, 'in create it is that of the load').toEqual([true])
  })

  test('is over when the method throws', async () => {
    const throwing = { fail: (): string => (callSignal(), expect.fail('on purpose')) }
    const proxy = new ServiceProxy('desk', { provider: factoryProvider('desk', { create: () => throwing }) })
    await proxy.get()
    const failing = proxy.service.fail()
    expect(callSignal()).toBeUndefined()
    await expect(failing).rejects.toThrow('on purpose')
  })

  test("of a substitute's method ends with the fallback's deadline", async () => {
    const clock = new ManualClock()
    let signal: AbortSignal | undefined
    const proxy = new ServiceProxy<{ ask(): unknown }>('desk', {
      provider: factoryProvider('desk', { create: () => ({ ask: () => expect.fail('down') }) }),
      clock,
      fallbackTimeoutMs: 70,
      fallback: () => ({ ask: () => ((signal = callSignal()), never()) }),
    })
    const call = expect(proxy.service.ask()).rejects.toThrow('down')
    await clock.advanceAsync(70)
    await call
    expect(signal?.aborted).toBe(true)
  })
})

test("5. one user's call is one trial: no caller whose check passed is refused, and S successes need S calls", async () => {
  const clock = new ManualClock()
  const checks = new Map<number, number>()
  let failing = false
  let works = 0
  const provider = factoryProvider<Desk>('desk', {
    create: () => ({
      ask: async () => {
        if (failing) throw new Error('down')
        works++
        await Promise.resolve()
        return 'done'
      },
    }),
    checkHealth: async () => {
      checks.set(round, (checks.get(round) ?? 0) + 1)
      await Promise.resolve()
      return true
    },
  })
  const proxy = proxyOf(provider, {
    clock,
    breaker: plainBreaker,
    circuit: { failureThreshold: 1, successThreshold: 3, recoveryTimeoutMs: 10 },
  })
  let round = -1
  await proxy.get()
  for (round = 0; round < 1_000; round++) {
    failing = true
    await expect(proxy.service.ask()).rejects.toThrow('down')
    failing = false
    works = 0
    await clock.advanceAsync(10)
    for (let success = 1; success <= 3; success++) {
      expect(proxy.circuitState).toBe('half_open')
      const answers = await Promise.allSettled(Array.from({ length: 50 }, () => proxy.service.ask()))
      const succeeded = answers.filter(({ status }) => status === 'fulfilled').length
      expect([succeeded, works], 'one trial, one work').toEqual([1, success])
    }
    expect(proxy.circuitState).toBe('closed')
    expect(checks.get(round), 'checked once').toBe(1)
  }
})

describe('6. a fallback has a deadline', () => {
  test('a fallback that never settles: its caller gets the first error, at the deadline of the fallback', async () => {
    const clock = new ManualClock()
    const down = new Error('down')
    const signals: AbortSignal[] = []
    const provider = factoryProvider<Desk>('desk', { create: () => ({ ask: () => Promise.reject(down) }) })
    for (const [settings, ms] of [
      [{ timeoutMs: 300 }, 300],
      [{ timeoutMs: 300, fallbackTimeoutMs: 40 }, 40],
    ] as const) {
      const proxy = proxyOf(provider, { clock, ...settings })
      const fallback = (_error: unknown, { signal }: { signal: AbortSignal }): Promise<never> => {
        signals.push(signal)
        return never()
      }
      let answer: unknown
      proxy.call((desk) => desk.ask(), { fallback }).catch((error: unknown) => (answer = error))
      await clock.advanceAsync(ms - 1)
      expect(answer).toBeUndefined()
      await clock.advanceAsync(1)
      expect(answer).toBe(down)
      expect(proxy.getMetrics()).toMatchObject({ fallbacks: 0, failedRequests: 1 })
      await proxy.stop()
    }
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true])
    expect(clock.pendingTimers).toBe(0)
  })

  test('a caller that leaves while its fallback runs gets its own reason', async () => {
    const provider = factoryProvider<Desk>('desk', { create: () => ({ ask: () => Promise.reject(new Error('down')) }) })
    const proxy = proxyOf(provider, {})
    const caller = new AbortController()
    const call = proxy.call((desk) => desk.ask(), { signal: caller.signal, fallback: never })
    await nextTurn()
    caller.abort(notFound)
    await expect(call).rejects.toBe(notFound)
  })
})

describe('7. a healthy instance is kept at the end of its TTL', () => {
  function pool(clock: ManualClock, renew?: 'check' | 'replace') {
    const seen = { opened: 0, ended: 0, healthy: true }
    const provider = factoryProvider<Desk>('desk', {
      create: async () => {
        seen.opened++
        await work(clock, 50)
        return { ask: () => work(clock, 2) }
      },
      checkHealth: () => seen.healthy,
      dispose: () => void seen.ended++,
      ...(renew === undefined ? {} : { renew }),
    })
    return { provider, seen }
  }

  for (const way of ['service', 'get'] as const) {
    test(`a pool that takes 50 ms to open, TTL 300 ms, is opened once, and nobody waits for it (${way})`, async () => {
      const clock = new ManualClock()
      const { provider, seen } = pool(clock)
      const proxy = proxyOf(provider, { clock, cacheTtlMs: 300 })
      const durations: number[] = []
      await traffic(clock, 6_000, async () => {
        const startedAt = clock.now()
        await (way === 'get' ? proxy.get().then((desk) => desk.ask()) : proxy.service.ask())
        durations.push(clock.now() - startedAt)
      })
      expect(seen).toMatchObject({ opened: 1, ended: 0 })
      durations.sort((a, b) => a - b)
      expect(durations[Math.floor(durations.length * 0.95)], 'p95, a call on it takes 2 ms').toBe(2)
    })
  }

  test('one that is unwell is replaced, and one that is read when it is made is made anew', async () => {
    for (const renew of ['check', 'replace'] as const) {
      const clock = new ManualClock()
      const { provider, seen } = pool(clock, renew)
      const proxy = proxyOf(provider, { clock, cacheTtlMs: 300, disposeGraceMs: 0 })
      await traffic(clock, 400, () => proxy.service.ask())
      expect(seen.opened, renew).toBe(renew === 'check' ? 1 : 2)
      seen.healthy = false
      await traffic(clock, 300, () => proxy.service.ask())
      expect(seen.ended, renew).toBeGreaterThanOrEqual(1)
      expect(proxy.settings.renew).toBe(renew)
    }
  })

  test('with staleWhileRevalidateMs it is checked in the background: no caller waits for the check', async () => {
    const clock = new ManualClock()
    let checks = 0
    const provider = factoryProvider<Desk>('desk', {
      create: () => ({ ask: async () => 'done' }),
      checkHealth: async () => (checks++ === 0 ? true : (await work(clock, 80), true)),
    })
    const proxy = proxyOf(provider, { clock, cacheTtlMs: 300, staleWhileRevalidateMs: 100 })
    await proxy.get()
    let slowest = 0
    await traffic(clock, 2_000, async () => {
      const startedAt = clock.now()
      await proxy.service.ask()
      slowest = Math.max(slowest, clock.now() - startedAt)
    })
    expect(slowest).toBe(0)
    expect(checks).toBeGreaterThan(4)
  })
})

test('8. an answer is an answer: a service that says "not found" is well, and its circuit closes after S of them', async () => {
  const clock = new ManualClock()
  let down = true
  const provider = factoryProvider<Desk>('desk', {
    create: () => ({ ask: () => Promise.reject(down ? new Error('down') : notFound) }),
  })
  const proxy = proxyOf(provider, {
    clock,
    breaker: plainBreaker,
    circuit: { recoveryTimeoutMs: 100, isFailure: (error) => error !== notFound },
  })
  for (let failure = 0; failure < 5; failure++) await expect(proxy.service.ask()).rejects.toThrow('down')
  down = false
  await clock.advanceAsync(100)
  for (let trial = 0; trial < 3; trial++) {
    expect(proxy.circuitState).toBe('half_open')
    await expect(proxy.service.ask()).rejects.toBe(notFound)
  }
  expect(proxy.circuitState).toBe('closed')
})

describe('9. what is still being read is not cut', () => {
  /** A service whose rows end with it, as a pool's do. */
  class Rows {
    ended = false

    #next(row: number): number {
      if (this.ended) throw new Error('pool has ended')
      return row
    }

    async *iterate(): AsyncGenerator<number> {
      for (let row = 0; row < 10; row++) yield this.#next(row)
    }

    async iterable(): Promise<AsyncIterable<number>> {
      return { [Symbol.asyncIterator]: () => this.iterate() }
    }

    stream(): Readable {
      return Readable.from(this.iterate(), { highWaterMark: 1 })
    }

    web(): ReadableStream<number> {
      const rows = this.iterate()
      const pull = async (controller: { enqueue(row: number): void; close(): void }): Promise<void> => {
        const { done, value } = await rows.next()
        if (done === true) controller.close()
        else controller.enqueue(value)
      }
      return new ReadableStream({ pull }, { highWaterMark: 1 })
    }

    /** As a client checked out of a pool: nothing says when it is given back. */
    async client(): Promise<{ query(): number }> {
      return { query: () => this.#next(1) }
    }
  }

  function setUp() {
    const clock = new ManualClock()
    const made: Rows[] = []
    const provider = factoryProvider<Rows>('rows', {
      create: () => {
        const rows = new Rows()
        made.push(rows)
        return rows
      },
      dispose: (rows) => void (rows.ended = true),
    })
    const proxy = new ServiceProxy<Rows>('rows', { provider, clock, random: () => 0.5 })
    return { clock, made, proxy }
  }

  for (const kind of ['iterate', 'iterable', 'stream', 'web'] as const) {
    test(`${kind}: 10 of 10 rows, though its instance is replaced after 2 of them, and then it ends`, async () => {
      const { clock, made, proxy } = setUp()
      const open = (service: Rows): unknown => service[kind]()
      const rows = (await proxy.call(open)) as AsyncIterable<number>
      const read: number[] = []
      for await (const row of rows) {
        read.push(row)
        if (read.length === 2) proxy.invalidateCache()
        await clock.advanceAsync(40_000)
      }
      expect(read).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
      await nextTurn()
      await clock.advanceAsync(30_000)
      expect(made[0]?.ended, 'nothing holds it any more').toBe(true)
    })
  }

  test('a client checked out of a pool has the grace, which counts from the end of the last call', async () => {
    const { clock, made, proxy } = setUp()
    const client = await proxy.service.client()
    proxy.invalidateCache()
    await clock.advanceAsync(29_999)
    expect(client.query()).toBe(1)
    await clock.advanceAsync(1)
    expect(made[0]?.ended).toBe(true)
  })

  test('a stream that nobody reads keeps its instance for the grace, one that nobody reads on for an hour', async () => {
    for (const [begun, ms] of [
      [false, 30_000],
      [true, 3_600_000],
    ] as const) {
      const { clock, made, proxy } = setUp()
      const rows = await proxy.service.iterate()
      if (begun) await rows.next()
      proxy.invalidateCache()
      await clock.advanceAsync(ms - 1)
      expect(made[0]?.ended).toBe(false)
      await clock.advanceAsync(30_001)
      expect(made[0]?.ended).toBe(true)
    }
  })

  test('a stop keeps its time', async () => {
    const { clock, proxy } = setUp()
    const rows = await proxy.service.iterate()
    await rows.next()
    let stopped = false
    void proxy.stop({ timeoutMs: 500 }).then(() => (stopped = true))
    await clock.advanceAsync(499)
    expect(stopped).toBe(false)
    await clock.advanceAsync(1)
    expect(stopped).toBe(true)
  })
})

test('10. an instance belongs to no request: no store of one is seen from inside of it', async () => {
  const user = new AsyncLocalStorage<string>()
  const seen: Record<string, unknown> = {}
  const see = (where: string): void => void (seen[where] = user.getStore() ?? 'nobody')
  const provider = factoryProvider('desk', {
    create: async () => {
      see('create')
      setImmediate(() => see('a timer of the instance'))
      await Promise.resolve()
      see('create, later')
      return { ask: () => user.getStore() }
    },
    checkHealth: () => (see('checkHealth'), true),
    dispose: () => see('dispose'),
  })
  const proxy = new ServiceProxy('desk', { provider, breaker: plainBreaker, disposeGraceMs: 1 })
  await user.run('alice', async () => {
    expect(await proxy.service.ask(), 'the operation is the caller’s').toBe('alice')
    expect(await proxy.checkHealth()).toBe(true)
    proxy.invalidateCache()
    await nextTurn()
    await proxy.stop()
  })
  expect(seen).toEqual({
    create: 'nobody',
    'create, later': 'nobody',
    'a timer of the instance': 'nobody',
    checkHealth: 'nobody',
    dispose: 'nobody',
  })
})
