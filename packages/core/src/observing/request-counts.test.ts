import { fails, faultyService, hangsUntilAborted, ManualClock, plainBreaker, slows, succeeds } from '@svcproxy/testing'
import type { Behaviour } from '@svcproxy/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CapacityError, CircuitOpenError, factoryProvider, ServiceProxy, StoppedError } from '../index.ts'
import type { CircuitState, RejectionReason, ServiceProxyOptions } from '../index.ts'

interface Desk {
  ask(signal?: AbortSignal): unknown
}

function setUp(options: Partial<ServiceProxyOptions<Desk>> = {}) {
  const clock = new ManualClock()
  const desk = faultyService({ clock })
  const proxy = new ServiceProxy<Desk>('desk', {
    provider: factoryProvider('desk', { create: () => ({ ask: (signal) => desk.call({ signal }) }) }),
    breaker: plainBreaker,
    clock,
    ...options,
  })
  return { clock, desk, proxy }
}

const NO_REJECTIONS: Record<RejectionReason, number> = {
  open: 0,
  isolated: 0,
  capacity: 0,
  stopped: 0,
  misuse: 0,
}
const NO_TRANSITIONS: Record<CircuitState, number> = { closed: 0, open: 0, half_open: 0, isolated: 0 }

/** Why a caller was refused, by what it was told. */
function reasonOf(error: unknown): RejectionReason | undefined {
  if (error instanceof CircuitOpenError) return 'retry-after' in lowerCased(error.headers) ? 'open' : 'isolated'
  if (error instanceof CapacityError) return 'capacity'
  if (error instanceof StoppedError) return 'stopped'
  return error instanceof TypeError ? 'misuse' : undefined
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}

const STEPS = [
  'get',
  'call',
  'tell',
  'abort',
  'time',
  'invalidate',
  'isolate',
  'release',
  'reset',
  'fail',
  'hang',
  'slow',
] as const
const ANSWERS: Partial<Record<(typeof STEPS)[number], Behaviour>> = {
  fail: fails(new Error('down')),
  hang: hangsUntilAborted(),
  slow: slows(900, succeeds()),
}

/** A proxy, what can happen to it, and a count of all that callers and listeners were told. */
function rehearse() {
  const setting = setUp({
    timeoutMs: 1_500,
    circuit: { failureThreshold: 2, recoveryTimeoutMs: 2_000 },
    cacheTtlMs: 3_000,
    maxConcurrentCalls: 2,
  })
  const { clock, desk, proxy } = setting
  const heard = { rejections: { ...NO_REJECTIONS }, circuitTransitions: { ...NO_TRANSITIONS }, invalidations: 0 }
  proxy.on('circuit', ({ to }) => heard.circuitTransitions[to]++)
  proxy.on('invalidate', () => heard.invalidations++)
  const isolations: Disposable[] = []
  const answered: Promise<unknown>[] = []
  let caller = new AbortController()
  const ask = (request: Promise<unknown>): void => {
    const refused = (error: unknown): void => {
      const reason = reasonOf(error)
      if (reason !== undefined) heard.rejections[reason]++
    }
    answered.push(request.then(() => undefined, refused))
  }
  const act: Record<(typeof STEPS)[number], () => unknown> = {
    get: () => ask(proxy.get({ signal: caller.signal })),
    call: () => ask(proxy.call((service, { signal }) => service.ask(signal), { signal: caller.signal })),
    tell: () => ask((proxy.service as unknown as { tell(): Promise<unknown> }).tell()),
    abort: () => {
      caller.abort()
      caller = new AbortController()
    },
    time: () => clock.advanceAsync(700),
    invalidate: () => proxy.invalidateCache(),
    isolate: () => isolations.push(proxy.isolateCircuit()),
    release: () => isolations.pop()?.[Symbol.dispose](),
    reset: () => proxy.resetCircuitBreaker(),
    fail: () => desk.behave(ANSWERS.fail ?? succeeds()),
    hang: () => desk.behave(ANSWERS.hang ?? succeeds()),
    slow: () => desk.behave(ANSWERS.slow ?? succeeds()),
  }
  return { ...setting, act, heard, answered }
}

describe('the counts of a proxy', () => {
  test('are all there before the first request, each of them 0', () => {
    expect(setUp().proxy.getCounts()).toStrictEqual({
      totalRequests: 0,
      successfulRequests: 0,
      failedRequests: 0,
      rejectedRequests: 0,
      inFlight: 0,
      timedOutRequests: 0,
      abortedRequests: 0,
      fallbacks: 0,
      staleServed: 0,
      cacheHits: 0,
      cacheMisses: 0,
      invalidations: 0,
      abandonedCalls: 0,
      abandonedLoads: 0,
      rejections: NO_REJECTIONS,
      retries: { success: 0, failure: 0, denied: 0 },
      queuedCalls: 0,
      circuitTransitions: NO_TRANSITIONS,
    })
  })

  test('are those of its metrics', async () => {
    const { desk, proxy } = setUp()
    await proxy.service.ask()
    desk.next(fails(new Error('down')))
    await expect(proxy.service.ask()).rejects.toThrow('down')
    proxy.isolateCircuit()
    await expect(proxy.get()).rejects.toThrow(CircuitOpenError)
    proxy.invalidateCache()
    const counts = proxy.getCounts()
    expect(counts).toMatchObject({ totalRequests: 3, invalidations: 1, rejections: { isolated: 1 } })
    expect(proxy.getMetrics()).toMatchObject(counts)
  })

  test('once read stay as they were', async () => {
    const { proxy } = setUp()
    const isolation = proxy.isolateCircuit()
    await expect(proxy.get()).rejects.toThrow(CircuitOpenError)
    const counts = proxy.getCounts()
    const copy = structuredClone(counts)
    await expect(proxy.get()).rejects.toThrow(CircuitOpenError)
    isolation[Symbol.dispose]()
    proxy.invalidateCache()
    expect(counts).toEqual(copy)
    expect(proxy.getCounts().rejections.isolated).toBe(2)
  })

  test('name the reason of each refusal', async () => {
    const { clock, desk, proxy } = setUp({ maxConcurrentCalls: 2 })
    const refusedFor = async (request: () => Promise<unknown>): Promise<Record<string, number>> => {
      const before = proxy.getCounts().rejections
      expect(reasonOf(await request().catch((error: unknown) => error))).toBeDefined()
      const after = proxy.getCounts().rejections
      const changes = Object.entries(after).map(([reason, count]) => [
        reason,
        count - before[reason as RejectionReason],
      ])
      return Object.fromEntries(changes.filter(([, change]) => change !== 0))
    }
    desk.next(slows(100), slows(100))
    const running = [proxy.service.ask(), proxy.service.ask()]
    await clock.settle()
    expect(await refusedFor(() => proxy.service.ask())).toEqual({ capacity: 1 })
    await clock.advanceAsync(100)
    await Promise.all(running)
    expect(await refusedFor(() => (proxy.service as unknown as { tell(): Promise<unknown> }).tell())).toEqual({
      misuse: 1,
    })
    const isolation = proxy.isolateCircuit()
    expect(await refusedFor(() => proxy.service.ask())).toEqual({ isolated: 1 })
    expect(await refusedFor(() => proxy.get())).toEqual({ isolated: 1 })
    isolation[Symbol.dispose]()
    proxy.importCircuit({ state: 'open', failures: 0, successes: 0, remainingMs: 1_000 })
    expect(await refusedFor(() => proxy.service.ask())).toEqual({ open: 1 })
    expect(await refusedFor(() => proxy.get())).toEqual({ open: 1 })
    clock.advance(1_000)
    desk.next(slows(100))
    const trial = proxy.service.ask()
    await clock.settle()
    expect(proxy.circuitState).toBe('half_open')
    expect(await refusedFor(() => proxy.service.ask()), 'while the trials are under way').toEqual({ open: 1 })
    await clock.advanceAsync(100)
    await trial
    await proxy.stop()
    expect(await refusedFor(() => proxy.service.ask())).toEqual({ stopped: 1 })
    expect(await refusedFor(() => proxy.get())).toEqual({ stopped: 1 })
  })

  test('agree with what callers and listeners were told, whatever happens in whatever order', async () => {
    const reached = new Set<string>()
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...STEPS), { maxLength: 60 }), async (steps) => {
        const { clock, proxy, act, heard, answered } = rehearse()
        for (const step of steps) {
          await act[step]()
          await clock.settle()
          const { rejectedRequests, rejections } = proxy.getCounts()
          expect(Object.values(rejections).reduce((sum, count) => sum + count)).toBe(rejectedRequests)
        }
        const stop = proxy.stop()
        act.call()
        act.get()
        await clock.advanceAsync(30_000)
        await stop
        await Promise.all(answered)
        expect(proxy.getCounts()).toMatchObject({ ...heard, totalRequests: answered.length, inFlight: 0 })
        for (const [name, count] of Object.entries({ ...heard.rejections, ...heard.circuitTransitions })) {
          if (count > 0) reached.add(name)
        }
      }),
      {
        numRuns: 200,
        examples: [
          [['hang', 'call', 'call', 'call']],
          [['fail', 'call', 'call', 'get', 'time', 'time', 'time', 'get']],
        ],
      },
    )
    // A run in which nothing was refused would prove nothing.
    expect(reached).toEqual(new Set([...Object.keys(NO_REJECTIONS), ...Object.keys(NO_TRANSITIONS)]))
  })

  test('say how often a state was entered, also when the circuit comes back to it', async () => {
    const { proxy } = setUp()
    for (let round = 0; round < 3; round++) proxy.isolateCircuit()[Symbol.dispose]()
    expect(proxy.getCounts().circuitTransitions).toEqual({ ...NO_TRANSITIONS, isolated: 3, closed: 3 })
  })

  test('say how often the cache was invalidated, not how often it was expired', async () => {
    const { proxy } = setUp()
    await proxy.get()
    proxy.expireCache()
    proxy.invalidateCache()
    proxy.invalidateCache()
    expect(proxy.getCounts().invalidations).toBe(2)
  })
})
