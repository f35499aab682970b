import { EventEmitter, once } from 'node:events'
import { CircuitOpenError } from '@svcproxy/core'
import { Circuit, resolveCircuitPolicy } from '@svcproxy/core/adapter'
import { ManualClock } from '@svcproxy/testing'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { opossumBreaker } from './index.ts'

const FAILED = new Error('service failed')

function setUp() {
  const clock = new ManualClock()
  const breaker = opossumBreaker()
  const policy = resolveCircuitPolicy({ failureThreshold: 2, successThreshold: 1 })
  const circuit = new Circuit({ name: 'orders', policy, breaker, clock })
  const raw = breaker.circuits.get('orders')!
  const emitter: EventEmitter = raw
  const call = (run: () => unknown = () => 'value') => circuit.execute({ startedAt: clock.now(), run })
  const fail = () => expect(call(() => Promise.reject(FAILED))).rejects.toBe(FAILED)
  const warning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  return { clock, circuit, raw, emitter, call, fail, warning }
}

const thrower = () => {
  throw new Error('no listener')
}

afterEach(() => {
  vi.restoreAllMocks()
  EventEmitter.captureRejections = false
})

const WAYS = ['on', 'addListener', 'prependListener', 'once', 'prependOnceListener'] as const

describe.each(WAYS)('a listener that was put in with %s', (way) => {
  test('hears the arguments as the breaker', () => {
    const { emitter } = setUp()
    const heard: unknown[] = []
    const listener = function (this: unknown, ...args: unknown[]) {
      heard.push([this === emitter, ...args])
    }
    expect(emitter[way]('custom', listener)).toBe(emitter)
    emitter.emit('custom', 1, 'two')
    emitter.emit('custom', 3)
    expect(heard).toEqual(
      way.toLowerCase().includes('once')
        ? [[true, 1, 'two']]
        : [
            [true, 1, 'two'],
            [true, 3],
          ],
    )
  })

  test('is found under its own name, and taken off by it', () => {
    const { emitter } = setUp()
    const added: unknown[] = []
    const removed: unknown[] = []
    emitter.on('newListener', (_, listener) => added.push(listener))
    emitter.on('removeListener', (_, listener) => removed.push(listener))
    const listener = vi.fn<() => void>()
    emitter[way]('custom', listener)
    emitter[way]('custom', listener)
    expect(emitter.listeners('custom')).toEqual([listener, listener])
    expect(emitter.listenerCount('custom', listener)).toBe(2)
    emitter.off('custom', listener)
    expect(emitter.listenerCount('custom')).toBe(1)
    emitter.removeListener('custom', listener)
    expect(emitter.emit('custom')).toBe(false)
    expect(listener).not.toHaveBeenCalled()
    expect(added.slice(-2)).toEqual([listener, listener])
    expect(removed).toEqual([listener, listener])
  })

  test('is told although one before it threw, and its own error reaches nobody', () => {
    const { emitter, warning } = setUp()
    const listener = vi.fn<() => void>(thrower)
    emitter.on('custom', thrower)
    emitter[way]('custom', listener)
    expect(emitter.emit('custom')).toBe(true)
    expect(listener).toHaveBeenCalledOnce()
    expect(warning).toHaveBeenCalledOnce()
  })

  test('must be a function, as everywhere in Node', () => {
    const { emitter } = setUp()
    const add = (listener: unknown) => () => Reflect.apply(emitter[way], emitter, ['custom', listener])
    for (const listener of [undefined, 'listener', {}]) expect(add(listener)).toThrow(TypeError)
    expect(emitter.listenerCount('custom')).toBe(0)
  })
})

describe('listeners behave as those of any emitter', () => {
  test('one that is to hear an event once is off before it runs, and stays deaf to what it causes', () => {
    const { emitter } = setUp()
    const heard: number[] = []
    emitter.on('custom', (again: boolean) => {
      if (again) emitter.emit('custom', false)
    })
    emitter.once('custom', () => heard.push(emitter.listenerCount('custom')))
    emitter.emit('custom', true)
    emitter.emit('custom', false)
    expect(heard, 'it heard one, when the other listener was alone').toEqual([1])
  })

  test('removeAllListeners takes them off', async () => {
    const { raw, call } = setUp()
    const listener = vi.fn<() => void>()
    raw.on('success', listener).once('success', listener)
    raw.removeAllListeners('success')
    await call()
    expect(listener).not.toHaveBeenCalled()
  })

  test('an event can be awaited', async () => {
    const { circuit, raw } = setUp()
    const opened = once(raw, 'open')
    circuit.isolate()
    expect(await opened).toEqual([])
    expect(raw.listenerCount('error')).toBe(0)
  })

  test('the rejection of an asynchronous one is captured where Node is told to capture it', async () => {
    EventEmitter.captureRejections = true
    const { emitter, warning } = setUp()
    const error = new Promise((resolve) => emitter.on('error', resolve))
    const rejecting: () => unknown = () => Promise.reject(FAILED)
    emitter.on('custom', rejecting)
    emitter.emit('custom')
    expect(await error).toBe(FAILED)
    expect(warning).not.toHaveBeenCalled()
  })

  test('one that was put in past the breaker and throws changes no result, no state and no count; it is reported', async () => {
    const { circuit, clock, raw, call, fail, warning } = setUp()
    for (const event of ['fire', 'success', 'failure', 'timeout', 'reject', 'open', 'halfOpen', 'close']) {
      EventEmitter.prototype.on.call(raw, event, thrower)
    }
    expect(await call()).toBe('value')
    await fail()
    await fail()
    expect(circuit.state).toBe('open')
    await expect(call()).rejects.toBeInstanceOf(CircuitOpenError)
    clock.advance(30_000)
    expect(await call()).toBe('value')
    expect(circuit.state).toBe('closed')
    raw.removeListener('fire', thrower)
    expect(await call()).toBe('value')
    await fail()
    expect(circuit.consecutiveFailures).toBe(1)
    const hung = call(() => new Promise(() => {}))
    clock.advance(5_000)
    await expect(hung).rejects.toThrow('5000 ms')
    expect(warning).toHaveBeenCalledOnce()
    expect(raw.stats).toMatchObject({ fires: 8, successes: 3, failures: 4, timeouts: 1, rejects: 1 })
  })
})

describe.each(['fire', 'success', 'failure', 'timeout'])(
  'a listener of %s that was put in past the breaker',
  (event) => {
    test('is reported when it throws, and the caller gets the answer', async () => {
      const { clock, raw, call, fail, warning } = setUp()
      EventEmitter.prototype.on.call(raw, event, thrower)
      expect(await call()).toBe('value')
      await fail()
      const hung = call(() => new Promise(() => {}))
      clock.advance(5_000)
      await expect(hung).rejects.toThrow('5000 ms')
      expect(warning).toHaveBeenCalledExactlyOnceWith(
        `A listener of '${event}' on the opossum breaker 'orders' threw`,
        expect.objectContaining({ detail: expect.stringContaining('Error: no listener') as string }),
      )
    })
  },
)
