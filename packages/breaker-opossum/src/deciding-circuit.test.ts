import { CircuitOpenError, factoryProvider, ServiceProxy } from '@svcproxy/core'
import { Circuit, type GivenCircuitPolicy, resolveCircuitPolicy } from '@svcproxy/core/adapter'
import { ManualClock } from '@svcproxy/testing'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { opossumBreaker, type OpossumDecisionOptions } from './index.ts'

const FAILED = new Error('service failed')
const NOT_FOUND = new Error('not found')
const RECOVERY_MS = 30_000

/** Opens at the second failure of three calls, and not before the third call. */
const TWO_OF_THREE: OpossumDecisionOptions = { errorThresholdPercentage: 60, volumeThreshold: 3 }

function setUp(options: OpossumDecisionOptions = TWO_OF_THREE, policy: GivenCircuitPolicy = {}) {
  const clock = new ManualClock()
  const breaker = opossumBreaker(options)
  const circuit = new Circuit({
    name: 'orders',
    policy: resolveCircuitPolicy({
      failureThreshold: Infinity,
      successThreshold: 1,
      recoveryTimeoutMs: RECOVERY_MS,
      isFailure: (error) => error !== NOT_FOUND,
      ...policy,
    }),
    breaker,
    clock,
  })
  const raw = breaker.circuits.get('orders')!
  const call = (run: () => unknown = () => 'value', signal?: AbortSignal) =>
    circuit.execute({ startedAt: clock.now(), signal, run })
  const fail = (error: unknown = FAILED) => call(() => Promise.reject(error)).catch(() => {})
  /** A call that ends when it is told to. */
  const start = () => {
    let end!: (result: Promise<unknown>) => void
    const answer = call(() => new Promise((resolve) => (end = resolve)))
    return {
      fail: () => {
        end(Promise.reject(FAILED))
        return answer.catch(() => {})
      },
    }
  }
  const open = async () => {
    await call()
    await fail()
    await fail()
    expect(circuit.state).toBe('open')
  }
  const recover = async () => {
    clock.advance(RECOVERY_MS)
    await call()
    expect(circuit.state).toBe('closed')
  }
  return { clock, breaker, circuit, raw, call, fail, start, open, recover }
}

afterEach(() => {
  vi.restoreAllMocks()
})

describe("opossum's window opens the circuit", () => {
  test('at the failure at which opossum would, and not before', async () => {
    const { circuit, call, fail } = setUp()
    await fail()
    await fail()
    expect(circuit.state, 'fewer calls than volumeThreshold').toBe('closed')
    await call()
    expect(circuit.state, 'a success opens nothing').toBe('closed')
    await fail()
    expect(circuit.state).toBe('open')
    await expect(call()).rejects.toBeInstanceOf(CircuitOpenError)
    expect(circuit.retryAfterMs).toBe(RECOVERY_MS)
  })

  test('of a proxy, where consecutive failures do not, unless the policy says so', async () => {
    const breaker = opossumBreaker({ volumeThreshold: 9 })
    const provider = factoryProvider('orders', { create: () => ({ get: () => Promise.reject(FAILED) }) })
    const states = async (circuit: { failureThreshold?: number }) => {
      const proxy = new ServiceProxy('orders', { provider, breaker, circuit })
      const seen: string[] = []
      for (let count = 0; count < 8; count++) {
        await proxy.service.get().catch(() => {})
        seen.push(proxy.circuitState)
      }
      await proxy.stop()
      return seen
    }
    // The load of the instance is the first of the nine.
    expect(await states({})).toEqual([...Array<string>(7).fill('closed'), 'open'])
    const three = await states({ failureThreshold: 3 })
    expect(three.indexOf('open')).toBe(2)
  })

  test('and announces it after the failure, when it is in force, with the failure that caused it as the last error', async () => {
    const { circuit, raw, call, fail } = setUp()
    const seen: unknown[] = []
    for (const event of ['failure', 'open', 'halfOpen', 'close']) {
      raw.addListener(event, () => seen.push([event, circuit.state, raw.opened]))
    }
    await call()
    await fail()
    seen.length = 0
    const last = new Error('the last straw')
    await call(() => Promise.reject(last)).catch(() => seen.push('the caller is answered'))
    expect(seen).toEqual([['failure', 'closed', false], ['open', 'open', true], 'the caller is answered'])
    expect(circuit.lastError).toBe(last)
  })

  test("beside the policy's own rules, whose openings are announced after the failure as well", async () => {
    const { circuit, raw, fail } = setUp({ volumeThreshold: 100 }, { failureThreshold: 2 })
    const seen: string[] = []
    for (const event of ['failure', 'open']) raw.addListener(event, () => seen.push(event))
    await fail()
    await fail()
    expect(seen).toEqual(['failure', 'failure', 'open'])
    expect(circuit.state).toBe('open')
  })

  test('at a deadline, too', async () => {
    const { clock, circuit, call } = setUp(TWO_OF_THREE, { timeoutMs: 100 })
    const answers = [call(() => new Promise(() => {})), call(() => new Promise(() => {})), call()]
    await answers[2]
    clock.advance(100)
    await Promise.allSettled(answers)
    expect(circuit.state).toBe('open')
  })

  test('not for errors that are no failures, nor for callers who give up: they only count as calls', async () => {
    const { circuit, raw, call, fail } = setUp()
    for (let count = 0; count < 5; count++) {
      await fail(NOT_FOUND)
      await expect(call(() => 'value', AbortSignal.abort(FAILED))).rejects.toBe(FAILED)
    }
    expect(raw.stats).toMatchObject({ fires: 10, failures: 0, successes: 10 })
    for (let count = 0; count < 15; count++) await fail()
    expect(circuit.state, '15 of 25 is not more than 60 %').toBe('closed')
    await fail()
    expect(circuit.state).toBe('open')
  })

  test('where it only observes, and refuses nothing', async () => {
    const { circuit, call, open, clock } = setUp(TWO_OF_THREE, { mode: 'observe', rampMs: 1_000 })
    await open()
    expect(await call()).toBe('value')
    expect(circuit.wouldReject).toBe(1)
    clock.advance(RECOVERY_MS)
    await call()
    expect(circuit.state).toBe('closed')
    await open()
  })

  test('not while a listener of the failure has it reset or isolated', async () => {
    const { circuit, raw, call, fail } = setUp()
    await call()
    await fail()
    raw.once('failure', () => circuit.isolate()[Symbol.dispose]())
    await fail()
    expect(circuit.state).toBe('closed')
    await call()
    await fail()
    let handle: Disposable | undefined
    raw.once('failure', () => (handle = circuit.isolate()))
    await fail()
    expect(circuit.state).toBe('isolated')
    handle?.[Symbol.dispose]()
    expect(circuit.state).toBe('closed')
  })
})

describe('recovery stays with the circuit', () => {
  test('opossum starts no timer, and neither does its window', async () => {
    const timers = [vi.spyOn(globalThis, 'setTimeout'), vi.spyOn(globalThis, 'setInterval')]
    const { clock, circuit, raw, open } = setUp({ ...TWO_OF_THREE, allowWarmUp: true })
    clock.advance(10_000)
    await open()
    for (const timer of timers) expect(timer).not.toHaveBeenCalled()
    expect(raw.stats).toMatchObject({ fires: 3, failures: 2 })
    circuit.dispose()
    expect(clock.pendingTimers).toBe(0)
  })

  test('it takes the trials that the policy asks for, and a failed one reopens it whatever the window says', async () => {
    const { clock, circuit, call, fail, open } = setUp(TWO_OF_THREE, { successThreshold: 3 })
    await open()
    clock.advance(RECOVERY_MS - 1)
    expect(circuit.state).toBe('open')
    clock.advance(1)
    await call()
    await fail()
    expect(circuit.state).toBe('open')
    clock.advance(RECOVERY_MS)
    await call()
    await call()
    expect(circuit.state).toBe('half_open')
    await call()
    expect(circuit.state).toBe('closed')
  })
})

describe('the window holds one generation', () => {
  const EMPTY = { fires: 0, successes: 0, failures: 0, timeouts: 0, rejects: 0 }

  test('it is empty after a close, already when the close is announced; the trial is announced and not counted', async () => {
    const { clock, circuit, raw, call, fail, open } = setUp()
    await open()
    await expect(call()).rejects.toThrow()
    expect(raw.stats).toMatchObject({ fires: 4, rejects: 1 })
    const seen: unknown[] = []
    raw.on('close', () => seen.push(raw.stats))
    raw.on('success', () => seen.push(raw.stats))
    clock.advance(RECOVERY_MS)
    await call()
    expect(seen).toEqual([expect.objectContaining(EMPTY), expect.objectContaining(EMPTY)])
    await fail()
    await fail()
    expect(circuit.state, 'volumeThreshold counts from the close').toBe('closed')
    await fail()
    expect(circuit.state).toBe('open')
  })

  test('what was admitted before it opened is announced after the close, and neither counts nor opens', async () => {
    const { circuit, raw, call, fail, start, recover } = setUp(TWO_OF_THREE, { timeoutMs: 10 * RECOVERY_MS })
    const old = [start(), start()]
    for (let count = 0; count < 4; count++) await fail()
    expect(circuit.state, '4 of 6 is more than 60 %').toBe('open')
    await recover()
    const heard = vi.fn<() => void>()
    raw.on('failure', heard)
    await call()
    for (const underWay of old) await underWay.fail()
    expect(heard).toHaveBeenCalledTimes(2)
    expect(raw.stats).toMatchObject({ fires: 1, successes: 1, failures: 0 })
    expect(circuit.state).toBe('closed')
  })

  test('a failure of an earlier generation does not even have opossum asked', async () => {
    const window = { rollingCountTimeout: 300, rollingCountBuckets: 3 }
    const { clock, circuit, raw, call, fail, start, recover } = setUp(window, { timeoutMs: 10 * RECOVERY_MS })
    const old = start()
    await fail()
    await fail()
    expect(circuit.state).toBe('open')
    await recover()
    const slow = start()
    await call()
    clock.advance(100)
    await slow.fail()
    clock.advance(200)
    expect(raw.stats, 'any number of percent, as opossum takes them').toMatchObject({ fires: 0, failures: 1 })
    await old.fail()
    expect(circuit.state).toBe('closed')
  })

  test('it shows what led to an opening until the close', async () => {
    const { clock, raw, start, open } = setUp({ ...TWO_OF_THREE, rollingCountTimeout: 2 * RECOVERY_MS })
    await open()
    clock.advance(RECOVERY_MS)
    const trial = start()
    expect(raw.halfOpen).toBe(true)
    expect(raw.stats).toMatchObject({ fires: 4, failures: 2 })
    await trial.fail()
    expect(raw.stats).toMatchObject({ fires: 4, failures: 3 })
  })

  test('it is empty after an isolation', async () => {
    const { circuit, raw, fail } = setUp()
    await fail()
    await fail()
    circuit.isolate()[Symbol.dispose]()
    expect(raw.stats).toMatchObject(EMPTY)
  })

  test.each([
    ['a reset', (circuit: Circuit) => circuit.reset()],
    [
      'an import',
      (circuit: Circuit) => circuit.importState({ state: 'closed', failures: 0, successes: 0, remainingMs: 0 }),
    ],
  ])('it is empty after %s of a closed circuit, also for what was under way', async (_, forget) => {
    const { circuit, raw, fail, start } = setUp()
    const old = [start(), start()]
    await fail()
    await fail()
    forget(circuit)
    expect(raw.stats).toMatchObject(EMPTY)
    await old[0]?.fail()
    expect(raw.stats).toMatchObject(EMPTY)
    await fail()
    await old[1]?.fail()
    expect(raw.stats).toMatchObject({ fires: 1, failures: 1 })
    await fail()
    expect(circuit.state, 'the second call').toBe('closed')
    await fail()
    expect(circuit.state).toBe('open')
  })

  test('calls that the ramp refuses are rejects, and make no failure look rarer', async () => {
    const { clock, circuit, raw, call, fail, open, recover } = setUp(TWO_OF_THREE, { rampMs: 10_000 })
    await open()
    await recover()
    clock.advance(1_000)
    for (let count = 0; count < 40 && circuit.state === 'closed'; count++) await fail()
    expect(circuit.state).toBe('open')
    const { fires, failures, rejects } = raw.stats
    expect([fires, failures]).toEqual([3, 3])
    expect(rejects).toBeGreaterThan(0)
    await expect(call()).rejects.toBeInstanceOf(CircuitOpenError)
    expect(raw.stats.fires).toBe(4)
  })
})

describe('the window moves with the clock', () => {
  test('it forgets bucket by bucket, also for those who keep its statistics', async () => {
    const { clock, raw, call, circuit, fail } = setUp({
      ...TWO_OF_THREE,
      rollingCountTimeout: 300,
      rollingCountBuckets: 3,
    })
    const { status } = raw
    const successes = () => status.window.map((bucket) => bucket.successes)
    await call()
    clock.advance(99)
    expect(successes()).toEqual([1, 0, 0])
    clock.advance(1)
    expect(successes()).toEqual([0, 1, 0])
    clock.advance(100)
    await call()
    expect(successes()).toEqual([1, 0, 1])
    clock.advance(100)
    expect(status.stats).toMatchObject({ successes: 1 })
    await fail()
    clock.advance(1_000_000)
    expect(status.stats).toMatchObject({ successes: 0, failures: 0 })
    expect(raw.stats).toMatchObject({ successes: 0 })
    expect(circuit.state).toBe('closed')
  })

  test('its buckets begin anew with a close', async () => {
    const { clock, raw, call, open, recover } = setUp()
    clock.advance(500)
    await open()
    await recover()
    await call()
    clock.advance(999)
    expect(raw.status.window[0]).toMatchObject({ fires: 1 })
    clock.advance(1)
    expect(raw.status.window[1]).toMatchObject({ fires: 1 })
  })

  test('with allowWarmUp no failure opens it in the first window of its proxy, and only in that', async () => {
    const options = { ...TWO_OF_THREE, rollingCountTimeout: 1_000, allowWarmUp: true }
    const { clock, circuit, raw, fail, recover } = setUp(options)
    for (let count = 0; count < 9; count++) await fail()
    clock.advance(999)
    await fail()
    expect([circuit.state, raw.warmUp]).toEqual(['closed', true])
    expect(raw.toJSON().state).toMatchObject({ warmUp: true })
    clock.advance(1)
    expect(raw.warmUp).toBe(false)
    await fail()
    await fail()
    expect(circuit.state).toBe('open')
    await recover()
    for (let count = 0; count < 3; count++) await fail()
    expect(circuit.state).toBe('open')
  })
})

describe('percentiles', () => {
  test('are those of opossum when they are asked for, and no failure sorts the latencies for them', async () => {
    const { clock, raw, call, fail } = setUp({ rollingPercentilesEnabled: true, volumeThreshold: 100 })
    const slow = call(async () => {})
    clock.advance(40)
    await slow
    const sort = vi.spyOn(Array.prototype, 'sort')
    await fail()
    expect(sort).not.toHaveBeenCalled()
    sort.mockRestore()
    expect(raw.stats).toMatchObject({ latencyMean: 20, percentiles: { 1: 40 } })
  })

  test('are off by default', async () => {
    const { raw, call } = setUp()
    await call()
    expect(raw.stats).toMatchObject({ latencyMean: -1 })
  })
})

test("opossum's breaker shows what it decides by", () => {
  const { raw } = setUp({ errorThresholdPercentage: 25, volumeThreshold: 7 })
  expect(raw.volumeThreshold).toBe(7)
  expect(Reflect.get(raw, 'options')).toMatchObject({
    errorThresholdPercentage: 25,
    rollingCountTimeout: 10_000,
    rollingCountBuckets: 10,
    resetTimeout: RECOVERY_MS,
    timeout: false,
  })
})

test('breakers of one factory share no window', async () => {
  const { breaker, circuit, raw, clock, fail } = setUp()
  const policy = resolveCircuitPolicy({ failureThreshold: Infinity })
  const other = new Circuit({ name: 'other', policy, breaker, clock })
  await fail()
  await fail()
  await other.execute({ startedAt: clock.now(), run: () => Promise.reject(FAILED) }).catch(() => {})
  expect([circuit.state, other.state]).toEqual(['closed', 'closed'])
  expect(raw.stats).toMatchObject({ failures: 2 })
  await fail()
  expect([circuit.state, other.state]).toEqual(['open', 'closed'])
})

test('a call that fails after the end of its proxy opens nothing', async () => {
  const { circuit, raw, fail, start } = setUp()
  await fail()
  await fail()
  const underWay = start()
  const heard = vi.fn<() => void>()
  raw.on('open', heard)
  circuit.dispose()
  await underWay.fail()
  expect(circuit.state).toBe('closed')
  expect(heard).not.toHaveBeenCalled()
})
