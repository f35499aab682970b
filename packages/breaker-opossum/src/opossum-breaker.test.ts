import { AsyncLocalStorage } from 'node:async_hooks'
import { CircuitOpenError } from '@svcproxy/core'
import { Circuit, type ResolvedCircuitPolicy, resolveCircuitPolicy } from '@svcproxy/core/adapter'
import { ManualClock } from '@svcproxy/testing'
import type OpossumBreaker from 'opossum'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { opossumBreaker } from './index.ts'

const NOT_FOUND = new Error('not found')
const FAILED = new Error('service failed')
const POLICY: Partial<ResolvedCircuitPolicy> = {
  failureThreshold: 2,
  successThreshold: 2,
  recoveryTimeoutMs: 30_000,
  timeoutMs: 5_000,
  isFailure: (error) => error !== NOT_FOUND,
}

function setUp() {
  const clock = new ManualClock()
  const breaker = opossumBreaker()
  const circuit = new Circuit({ name: 'orders', policy: resolveCircuitPolicy(POLICY), breaker, clock })
  const raw = breaker.circuits.get('orders')!
  const call = (run: () => unknown = () => 'value') => circuit.execute({ startedAt: clock.now(), run })
  const fail = async (error: unknown = FAILED) => {
    const rejects = () => Promise.reject(error)
    await expect(call(rejects)).rejects.toBe(error)
  }
  const hang = () => call(() => new Promise(() => {}))
  return { clock, breaker, circuit, raw, call, fail, hang }
}

/** Every event with its arguments, the call's own left out. */
function record(raw: OpossumBreaker): unknown[][] {
  const seen: unknown[][] = []
  const opaque = (value: unknown) => (Array.isArray(value) ? value.length : value)
  for (const event of ['fire', 'success', 'failure', 'timeout', 'reject', 'open', 'halfOpen', 'close', 'shutdown']) {
    raw.addListener(event, (...args: unknown[]) => seen.push([event, ...args.map(opaque)]))
  }
  return seen
}

const shown = ({ closed, opened, halfOpen }: OpossumBreaker) => ({ closed, opened, halfOpen })
const CLOSED = { closed: true, opened: false, halfOpen: false }
const OPEN = { closed: false, opened: true, halfOpen: false }
const HALF_OPEN = { closed: false, opened: false, halfOpen: true }

afterEach(() => {
  vi.restoreAllMocks()
})

describe('what opossum counts and announces is what happened', () => {
  test('a success, a failure, a filtered error and a timeout are counted as opossum counts them', async () => {
    const { clock, circuit, raw, call, fail, hang } = setUp()
    await call()
    await fail()
    await fail(NOT_FOUND)
    await call()
    const hung = hang()
    clock.advance(5_000)
    await expect(hung).rejects.toThrow('5000 ms')
    expect(raw.stats).toMatchObject({ fires: 5, successes: 3, failures: 2, timeouts: 1, rejects: 0 })
    expect(circuit.consecutiveFailures).toBe(1)
  })

  test('a call that its caller gave up is no failure', async () => {
    const { clock, circuit, raw } = setUp()
    const controller = new AbortController()
    const { signal } = controller
    const call = circuit.execute({ startedAt: clock.now(), signal, run: () => new Promise(() => {}) })
    controller.abort(FAILED)
    await expect(call).rejects.toBe(FAILED)
    expect(raw.stats).toMatchObject({ fires: 1, failures: 0, timeouts: 0 })
  })

  test('so is one that was given up before it began', async () => {
    const { clock, circuit, raw } = setUp()
    const signal = AbortSignal.abort(FAILED)
    const run = vi.fn<() => void>()
    await expect(circuit.execute({ startedAt: clock.now(), signal, run })).rejects.toBe(FAILED)
    expect(run).not.toHaveBeenCalled()
    expect(raw.stats).toMatchObject({ fires: 1, successes: 1, failures: 0 })
  })

  test('the events of a call come before its answer', async () => {
    const { clock, raw, call, hang } = setUp()
    const seen: unknown[] = []
    for (const event of ['success', 'failure', 'timeout']) raw.addListener(event, () => seen.push(event))
    await call().then(() => seen.push('answer'))
    await call(() => Promise.reject(FAILED)).catch(() => seen.push('answer'))
    expect(seen.splice(0)).toEqual(['success', 'answer', 'failure', 'answer'])
    const hung = hang()
    clock.advance(5_000)
    expect(seen).toEqual(['timeout', 'failure'])
    await expect(hung).rejects.toThrow()
  })

  test("the events of a call that its service answered are emitted in its caller's async context", async () => {
    const { raw, call, fail } = setUp()
    const request = new AsyncLocalStorage<string>()
    const seen: unknown[] = []
    for (const event of ['fire', 'success', 'failure']) {
      raw.addListener(event, () => seen.push([event, request.getStore()]))
    }
    await request.run('ada', call)
    await request.run('bob', fail)
    expect(seen).toEqual([
      ['fire', 'ada'],
      ['success', 'ada'],
      ['fire', 'bob'],
      ['failure', 'bob'],
    ])
  })

  test('events carry what those of opossum carry', async () => {
    const { clock, raw, call, fail, hang } = setUp()
    const seen = record(raw)
    await call(() => undefined)
    expect(seen.splice(0)).toEqual([
      ['fire', 1],
      ['success', undefined, 0],
    ])
    await fail()
    expect(seen.splice(0)).toEqual([
      ['fire', 1],
      ['failure', FAILED, 0, 1],
    ])
    const hung = hang()
    clock.advance(5_000)
    const error: unknown = await hung.catch((reason: unknown) => reason)
    expect(seen.splice(0)).toEqual([['fire', 1], ['timeout', error, 5_000, 1], ['failure', error, 5_000, 1], ['open']])
    await expect(call()).rejects.toBeInstanceOf(CircuitOpenError)
    expect(seen.splice(0)).toEqual([
      ['fire', 1],
      ['reject', expect.objectContaining({ code: 'EOPENBREAKER' })],
    ])
    clock.advance(30_000)
    await call()
    expect(seen.splice(0)).toEqual([
      ['halfOpen', 30_000],
      ['fire', 1],
      ['success', 'value', 0],
    ])
  })

  test('a refused call is one fire and one reject, in open and in half-open', async () => {
    const { clock, raw, call, fail, hang } = setUp()
    await fail()
    await fail()
    await expect(call()).rejects.toBeInstanceOf(CircuitOpenError)
    expect(raw.stats).toMatchObject({ fires: 3, rejects: 1 })
    clock.advance(30_000)
    const trial = hang()
    await expect(call()).rejects.toBeInstanceOf(CircuitOpenError)
    expect(raw.stats).toMatchObject({ fires: 5, rejects: 2 })
    clock.advance(5_000)
    await expect(trial).rejects.toThrow()
  })
})

describe("opossum's state is the circuit's state", () => {
  test('each change is shown and announced once', async () => {
    const { clock, circuit, raw, call, fail } = setUp()
    const seen: unknown[] = []
    for (const event of ['open', 'halfOpen', 'close']) raw.addListener(event, () => seen.push([event, shown(raw)]))
    expect(shown(raw)).toEqual(CLOSED)
    await fail()
    await fail()
    clock.advance(30_000)
    await fail()
    clock.advance(30_000)
    await call()
    expect(raw.toJSON().state).toMatchObject({ name: 'orders', closed: false, open: false, halfOpen: true })
    await call()
    expect(seen).toEqual([
      ['open', OPEN],
      ['halfOpen', HALF_OPEN],
      ['open', OPEN],
      ['halfOpen', HALF_OPEN],
      ['close', CLOSED],
    ])
    expect(circuit.state).toBe('closed')
  })

  test('an isolated circuit is an open one; isolating an open one is no event', async () => {
    const { circuit, raw, fail } = setUp()
    const seen = record(raw)
    const handle = circuit.isolate()
    expect(shown(raw)).toEqual(OPEN)
    handle[Symbol.dispose]()
    expect(shown(raw)).toEqual(CLOSED)
    expect(seen.splice(0)).toEqual([['open'], ['close']])
    await fail()
    await fail()
    seen.length = 0
    circuit.isolate()[Symbol.dispose]()
    expect(seen).toEqual([['close']])
  })

  test('the buckets of the statistics know whether the circuit was open', async () => {
    const { circuit, raw, fail } = setUp()
    await fail()
    await fail()
    expect(raw.status.window[0]).toMatchObject({ isCircuitBreakerOpen: true })
    circuit.reset()
    expect(raw.status.window[0]).toMatchObject({ isCircuitBreakerOpen: false })
  })

  test("opossum's own timer for half-open is never started", async () => {
    const timeouts = vi.spyOn(globalThis, 'setTimeout')
    const { raw, fail } = setUp()
    await fail()
    await fail()
    expect(raw.opened).toBe(true)
    expect(timeouts).not.toHaveBeenCalled()
  })

  test('open, close, enable, disable and shutdown do nothing for outsiders', async () => {
    const { circuit, raw, call, fail } = setUp()
    const seen = record(raw)
    raw.open()
    raw.disable()
    raw.shutdown()
    expect({ ...shown(raw), enabled: raw.enabled, isShutdown: raw.isShutdown }).toEqual({
      ...CLOSED,
      enabled: true,
      isShutdown: false,
    })
    expect(seen).toEqual([])
    expect(await call()).toBe('value')
    await fail()
    await fail()
    raw.close()
    raw.enable()
    expect(shown(raw)).toEqual(OPEN)
    expect(circuit.state).toBe('open')
    await expect(call()).rejects.toBeInstanceOf(CircuitOpenError)
  })

  test('a call, a fallback or a health check cannot be put in beside the proxy, and the error says where it goes', async () => {
    const { raw } = setUp()
    await expect(raw.fire()).rejects.toThrow("Calls of service 'orders' go through its proxy")
    await expect(raw.call({})).rejects.toThrow("Calls of service 'orders' go through its proxy")
    const action = Reflect.get(raw, 'action') as () => Promise<unknown>
    await expect(action()).rejects.toThrow("Calls of service 'orders' go through its proxy")
    expect(() => raw.fallback(() => 'other')).toThrow("The fallback of service 'orders' is an option of its proxy")
    expect(() => raw.healthCheck(async () => {})).toThrow(
      "The health check of service 'orders' belongs to its provider",
    )
    expect(raw.stats).toMatchObject({ fires: 0, successes: 0, failures: 0 })
  })
})

describe("listeners of opossum's events", () => {
  test('one that throws changes no result, no state and no count, even when it was put first; it is reported once', async () => {
    const warnings: unknown[][] = []
    vi.spyOn(process, 'emitWarning').mockImplementation((...args: unknown[]) => void warnings.push(args))
    const { clock, circuit, raw, call, fail } = setUp()
    for (const event of ['fire', 'success', 'failure', 'timeout', 'reject', 'open', 'halfOpen', 'close']) {
      const listener = () => {
        throw new Error(`no ${event}`)
      }
      raw.prependListener(event, listener)
      raw.prependOnceListener(event, listener)
    }
    expect(await call()).toBe('value')
    await fail()
    await fail()
    await expect(call()).rejects.toBeInstanceOf(CircuitOpenError)
    expect(raw.stats).toMatchObject({ fires: 4, successes: 1, failures: 2, rejects: 1 })
    clock.advance(30_000)
    await call()
    await call()
    expect(circuit.state).toBe('closed')
    expect(shown(raw)).toEqual(CLOSED)
    expect(warnings).toHaveLength(1)
    expect(warnings[0]?.[0]).toBe("A listener of 'fire' on the opossum breaker 'orders' threw")
    expect(warnings[0]?.[1]).toHaveProperty('type', 'SvcproxyListenerWarning')
    expect(warnings[0]?.[1]).toHaveProperty('detail', expect.stringContaining('Error: no fire'))
  })

  test('one that throws no error is reported, too', async () => {
    const warning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const { raw, call } = setUp()
    raw.on('success', () => {
      throw 'a string'
    })
    await call()
    expect(warning).toHaveBeenCalledExactlyOnceWith(
      expect.any(String),
      expect.objectContaining({ detail: "'a string'" }),
    )
  })

  test('emit says whether anybody listened, also when the listener threw', () => {
    vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const { raw } = setUp()
    expect(raw.emit('custom', 1)).toBe(false)
    raw.addListener('custom', () => {
      throw new Error('custom')
    })
    expect(raw.emit('custom', 1)).toBe(true)
  })

  test('a listener that is put in for one event hears one', async () => {
    const { raw, call } = setUp()
    const [first, second] = [vi.fn<() => void>(), vi.fn<() => void>()]
    raw.prependOnceListener('success', first)
    raw.prependListener('success', second)
    await call()
    await call()
    expect([first, second].map((listener) => listener.mock.calls.length)).toEqual([1, 2])
  })

  test('one that makes a call while another is on its way through opossum disturbs neither', async () => {
    const { clock, raw, call, fail } = setUp()
    await fail()
    await fail()
    clock.advance(30_000)
    const nested: Promise<unknown>[] = []
    raw.once('fire', () => nested.push(call().catch((error: unknown) => error)))
    expect(await call(), 'the trial that was admitted first').toBe('value')
    expect(await nested[0]).toBeInstanceOf(CircuitOpenError)
    expect(raw.stats).toMatchObject({ fires: 4, successes: 1, rejects: 1 })
  })

  test('one that closes the circuit while a call is being refused does not let that call pass', async () => {
    const { circuit, raw, call, fail } = setUp()
    await fail()
    await fail()
    raw.once('fire', () => circuit.reset())
    const run = vi.fn<() => string>(() => 'value')
    await expect(call(run)).rejects.toBeInstanceOf(CircuitOpenError)
    expect(run).not.toHaveBeenCalled()
    expect(raw.stats).toMatchObject({ fires: 3, rejects: 1, failures: 2 })
    expect(shown(raw)).toEqual(CLOSED)
    expect(await call()).toBe('value')
  })

  test('one that ends the circuit while a call is on its way changes nothing for that call', async () => {
    const warning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const admitted = setUp()
    admitted.raw.once('fire', () => admitted.circuit.dispose())
    expect(await admitted.call()).toBe('value')
    const failing = setUp()
    failing.raw.once('fire', () => failing.circuit.dispose())
    await failing.fail()
    const refused = setUp()
    refused.circuit.isolate()
    refused.raw.once('fire', () => refused.circuit.dispose())
    await expect(refused.call()).rejects.toBeInstanceOf(CircuitOpenError)
    expect(warning).not.toHaveBeenCalled()
  })

  test('one that isolates the circuit while a call is being admitted does not keep that call from running', async () => {
    const { circuit, raw, call } = setUp()
    raw.once('fire', () => circuit.isolate())
    expect(await call()).toBe('value')
    await expect(call()).rejects.toBeInstanceOf(CircuitOpenError)
    expect(raw.stats).toMatchObject({ fires: 2, successes: 1, rejects: 1 })
  })
})

describe('one factory for many services', () => {
  test('breakers are found by service name until they are disposed', () => {
    const { breaker, circuit, raw, clock } = setUp()
    expect([...breaker.circuits.keys()]).toEqual(['orders'])
    expect(raw.name).toBe('orders')
    const again = new Circuit({ name: 'orders', policy: resolveCircuitPolicy(), breaker, clock })
    const newer = breaker.circuits.get('orders')
    expect(newer).not.toBe(raw)
    circuit.dispose()
    expect(breaker.circuits.get('orders'), 'the end of the older one does not hide the newer one').toBe(newer)
    again.dispose()
    expect(breaker.circuits.size).toBe(0)
  })

  test('no two breakers share an options object, and each is set so that opossum only counts', () => {
    const { breaker, raw, clock } = setUp()
    const policy = resolveCircuitPolicy({ recoveryTimeoutMs: 7 })
    const other = new Circuit({ name: 'other', policy, breaker, clock })
    const optionsOf = (circuit: object | undefined) => Reflect.get(circuit ?? {}, 'options') as object
    expect(optionsOf(breaker.circuits.get('other'))).not.toBe(optionsOf(raw))
    expect(optionsOf(breaker.circuits.get('other'))).toMatchObject({ resetTimeout: 7 })
    expect(optionsOf(raw)).toMatchObject({
      name: 'orders',
      timeout: false,
      resetTimeout: 30_000,
      rollingPercentilesEnabled: false,
      enableSnapshots: false,
      rollingCountTimeout: 10_000,
      rollingCountBuckets: 10,
    })
    other.dispose()
  })

  test('a disposed breaker says shutdown, then has no listeners left, its own or on the shared timer', async () => {
    const { circuit, raw, call } = setUp()
    const rotation = Reflect.get(Reflect.get(raw, 'options') as object, 'rotateBucketController') as OpossumBreaker
    expect(rotation.listenerCount('rotate')).toBe(1)
    const seen = record(raw)
    const underWay = call()
    seen.length = 0
    circuit.dispose()
    expect(seen).toEqual([['shutdown']])
    expect(raw.isShutdown).toBe(true)
    expect(raw.eventNames()).toEqual([])
    expect(rotation.listenerCount('rotate')).toBe(0)
    expect(await underWay).toBe('value')
  })

  test('a thousand breakers raise no warning about listeners', () => {
    const warning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const { breaker, clock } = setUp()
    const policy = resolveCircuitPolicy()
    const many = Array.from({ length: 1_000 }, (_, index) => new Circuit({ name: `s${index}`, policy, breaker, clock }))
    expect(warning).not.toHaveBeenCalled()
    for (const circuit of many) circuit.dispose()
  })
})
