import { ManualClock, plainBreaker } from '@svcproxy/testing'
import { describe, expect, test } from 'vitest'
import { CircuitOpenError, factoryProvider, ServiceProxy, ServiceProxyManager } from './index.ts'
import type { CircuitPolicy, Logger, ServiceEvent, ServiceProxyOptions } from './index.ts'

const down = new Error('down')

/** A service that fails when it is told to, and takes its time. */
function setUp(circuit: CircuitPolicy, options: Partial<ServiceProxyOptions<object>> = {}) {
  const clock = new ManualClock()
  let checks = 0
  const proxy = new ServiceProxy<object>('db', {
    provider: factoryProvider<object>('db', { create: () => ({}), checkHealth: () => (checks++, true) }),
    breaker: plainBreaker,
    circuit,
    clock,
    random: () => 0.5,
    ...options,
  })
  const events: ServiceEvent[] = []
  proxy.onAny((event) => events.push(event))
  const call = async (outcome: 'answer' | 'fail', durationMs = 0): Promise<string> => {
    const answer = proxy
      .call(async () => {
        await new Promise<void>((resolve) => clock.setTimer(resolve, durationMs))
        if (outcome === 'fail') throw down
        return 'answer'
      })
      .catch((error: unknown) => (error instanceof CircuitOpenError ? 'refused' : String(error)))
    await clock.advanceAsync(durationMs)
    return answer
  }
  const circuitEvents = () =>
    events.flatMap((event) => (event.type === 'circuit' ? [`${event.to}${event.observed ? ', observed' : ''}`] : []))
  return { clock, proxy, call, circuitEvents, checks: () => checks }
}

test('half of the calls failing opens the circuit, where five in a row never do', async () => {
  const { proxy, call } = setUp({ failureRate: { ratio: 0.5 } })
  await proxy.get() // the load is a call, too
  proxy.resetCircuitBreaker()
  const answers: string[] = []
  for (let count = 0; count < 21; count++) answers.push(await call(count % 2 === 0 ? 'answer' : 'fail'))
  expect(answers.at(-2)).toBe('Error: down')
  expect(answers.at(-1)).toBe('refused')
  expect(proxy.circuitState).toBe('open')
})

test('what is older than the window does not count', async () => {
  const { clock, proxy, call } = setUp({ failureThreshold: Infinity, failureRate: { ratio: 0.5, minimumCalls: 5 } })
  for (let count = 0; count < 3; count++) await call('fail') // and the load before them
  await clock.advanceAsync(11_000)
  for (let count = 0; count < 4; count++) await call('fail')
  expect(proxy.circuitState).toBe('closed')
  await call('fail')
  expect(proxy.circuitState).toBe('open')
})

test('a call is slow by the time that its caller waited, the deadline included', async () => {
  const { proxy, call } = setUp({ slowCalls: { thresholdMs: 300, ratio: 1, minimumCalls: 3 } }, { timeoutMs: 400 })
  await proxy.get()
  proxy.resetCircuitBreaker()
  await call('answer', 300)
  await call('answer', 500)
  expect(proxy.getStatus().circuit?.rates).toEqual([
    { kind: 'slow', calls: 2, bad: 2, ratio: 1, threshold: 1, minimumCalls: 3 },
  ])
  await call('answer', 350)
  expect(proxy.circuitState).toBe('open')
})

test('how long an opening lasts is told with its growth: in the error, the status and Retry-After', async () => {
  const { clock, proxy, call } = setUp({ failureThreshold: 1, recoveryTimeoutMs: 1_000, recoveryBackoff: {} })
  await call('fail')
  await clock.advanceAsync(1_000)
  await call('fail')
  const error: unknown = await proxy.call(() => 1).catch((refusal: unknown) => refusal)
  expect(error).toMatchObject({ retryAfterMs: 1_900, headers: { 'Retry-After': '2' } })
  expect(proxy.retryAfterMs).toBe(1_900)
  expect(proxy.getStatus().circuit).toMatchObject({ state: 'open', openings: 2, retryAfterMs: 1_900 })
})

test('after a close a growing part of the calls is let through, and the refusals tell how long that lasts', async () => {
  const { clock, proxy, call } = setUp({
    failureThreshold: 1,
    successThreshold: 1,
    recoveryTimeoutMs: 10,
    rampMs: 1_000,
  })
  await call('fail')
  await clock.advanceAsync(10)
  expect(await call('answer')).toBe('answer')
  expect(proxy.circuitState).toBe('closed')
  const answers = await Promise.all(Array.from({ length: 20 }, () => call('answer')))
  expect(answers.filter((answer) => answer === 'refused')).toHaveLength(18)
  await clock.advanceAsync(500)
  expect(proxy.getStatus().circuit).toMatchObject({ state: 'closed', rampLeftMs: 500, retryAfterMs: 0 })
  const [first, second, refused] = await Promise.allSettled([1, 2, 3].map((answer) => proxy.call(() => answer)))
  expect([first, second]).toMatchObject([{ value: 1 }, { value: 2 }])
  expect(refused).toMatchObject({ reason: { code: 'SVCPROXY_CIRCUIT_OPEN', retryAfterMs: 500 } })
  expect(proxy.getMetrics().rejections.open).toBe(19)
  await clock.advanceAsync(500)
  expect(await Promise.all(Array.from({ length: 5 }, () => call('answer')))).toEqual(Array(5).fill('answer'))
})

describe("mode: 'observe'", () => {
  const POLICY: CircuitPolicy = { failureThreshold: 2, recoveryTimeoutMs: 1_000, successThreshold: 2, mode: 'observe' }

  test('decides, tells and counts, and refuses nothing', async () => {
    const { clock, proxy, call, circuitEvents } = setUp(POLICY)
    await call('fail')
    await call('fail')
    expect(proxy.circuitState).toBe('open')
    expect([await call('answer'), await call('fail'), await call('answer')]).toEqual([
      'answer',
      'Error: down',
      'answer',
    ])
    expect(proxy.getStatus().circuit).toMatchObject({ mode: 'observe', state: 'open', wouldReject: 3 })
    await clock.advanceAsync(1_000)
    // As trials they would have closed it, had it been more than a trial.
    expect([await call('answer'), await call('answer')]).toEqual(['answer', 'answer'])
    expect(proxy.circuitState).toBe('closed')
    expect(circuitEvents()).toEqual(['open, observed', 'half_open, observed', 'closed, observed'])
    expect(proxy.getMetrics()).toMatchObject({ rejectedRequests: 0, failedRequests: 3, successfulRequests: 4 })
    expect(proxy.settings).toMatchObject({ circuit: { mode: 'observe' } })
  })

  test('more than the trials are let through as well, and say nothing to the circuit', async () => {
    const { clock, proxy, call } = setUp(POLICY)
    await call('fail')
    await call('fail')
    await clock.advanceAsync(1_000)
    const trial = call('answer', 10)
    const beside = [call('fail'), call('fail')]
    expect(await Promise.all(beside)).toEqual(['Error: down', 'Error: down'])
    expect(await trial).toBe('answer')
    expect(proxy.getStatus().circuit).toMatchObject({ state: 'half_open', successfulTrials: 1, wouldReject: 2 })
  })

  test('leaves the cached instance alone, and get() gives it', async () => {
    const { proxy, call, checks } = setUp(POLICY)
    const instance = await proxy.get()
    const before = checks()
    await call('fail')
    await call('fail')
    expect(await proxy.get()).toBe(instance)
    expect(proxy.getStatus()).toMatchObject({ cache: { state: 'fresh' }, circuit: { wouldReject: 1 } })
    expect(checks()).toBe(before)
  })

  test('makes the application no less healthy', async () => {
    const down = () => Promise.reject(new Error('down'))
    const provider = factoryProvider('db', { create: () => ({ down }) })
    const circuit = { failureThreshold: 1, mode: 'observe' } as const
    const manager = new ServiceProxyManager({ breaker: plainBreaker, circuit }).add('db', { provider })
    await expect(manager.services.db.down()).rejects.toThrow('down')
    const db = { status: 'pass', circuitState: 'open' }
    expect(await manager.getHealthStatus()).toMatchObject({ status: 'pass', services: { db } })
    using _isolation = manager.getProxy('db').isolateCircuit()
    expect(await manager.getHealthStatus()).toMatchObject({ status: 'warn' })
    await manager.stop()
  })

  test('an isolation holds all the same: an operator asked for it', async () => {
    const { proxy, call, circuitEvents } = setUp(POLICY)
    await proxy.get()
    const isolation = proxy.isolateCircuit()
    expect(await call('answer')).toBe('refused')
    await expect(proxy.get()).rejects.toThrow(CircuitOpenError)
    isolation[Symbol.dispose]()
    expect(await call('answer')).toBe('answer')
    expect(circuitEvents()).toEqual(['isolated, observed', 'closed, observed'])
  })

  test('the log says what would have been', async () => {
    const lines: string[] = []
    const keep: Logger['warn'] = (_fields, message) => void lines.push(message)
    const { call } = setUp(POLICY, { logger: { info: keep, warn: keep } })
    await call('fail')
    await call('fail')
    expect(lines).toEqual(["The circuit of service 'db' would be open (mode: observe)"])
  })
})

test('a breaker that decides itself opens the circuit; consecutive failures only where it is asked for', async () => {
  const tripping = Object.assign(
    (context: Parameters<typeof plainBreaker>[0]) => {
      const breaker = plainBreaker(context)
      let fired = 0
      return {
        ...breaker,
        execute: <R>(attempt: Parameters<typeof breaker.execute<R>>[0]) => {
          if (++fired === 9) context.trip(attempt.startedAt)
          return breaker.execute(attempt)
        },
      }
    },
    { decides: true },
  )
  const { proxy, call } = setUp({}, { breaker: tripping })
  const answers: string[] = []
  for (let count = 0; count < 8; count++) answers.push(await call('fail'))
  expect(answers).toEqual([...Array<string>(7).fill('Error: down'), 'refused'])
  expect(proxy.getStatus().circuit).toMatchObject({ state: 'open', openings: 1 })
  const strict = setUp({ failureThreshold: 3 }, { breaker: tripping })
  for (let count = 0; count < 3; count++) await strict.call('fail')
  expect(strict.proxy.circuitState).toBe('open')
})
