import { nativeBreaker } from '@svcproxy/breaker-native'
import { CircuitOpenError, createServiceProxy, factoryProvider, ServiceTimeoutError } from '@svcproxy/core'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Ledger } from '../types/ledger.ts'

interface Entry {
  readonly id: string
}

function setUp({ fallback, timeoutMs = 5_000 }: { fallback?: Ledger<Entry>; timeoutMs?: number } = {}) {
  const ledger = new Ledger<Entry>()
  const proxy = createServiceProxy<Ledger<Entry>>({
    name: 'ledger',
    provider: factoryProvider('ledger', { create: () => ledger }),
    breaker: nativeBreaker(),
    circuit: { failureThreshold: 2 },
    timeoutMs,
    ...(fallback === undefined ? {} : { fallback: () => fallback }),
  })
  onTestFinished(() => proxy.stop())
  return { ledger, proxy, guarded: proxy.service }
}

const fails = (): never => {
  throw new RangeError('no such entry')
}

describe('a class of the application, guarded', () => {
  test('keeps its private fields, overloads and type parameters', async () => {
    const { proxy, guarded } = setUp()
    const entry = { id: 'a' }
    const added: number = await guarded.add(entry)
    const ids: string[] = await guarded.map(({ id }) => id)
    const all: number = await guarded.count('all')
    const some: bigint = await guarded.count(entry)
    const first: string | undefined = await guarded.first('id')
    expect([added, ids, all, some, first]).toEqual([1, ['a'], 1, 1n, 'a'])
    expect(Object.keys(proxy.getMetrics().latency)).toEqual(['$get', 'add', 'map', 'count', 'first'])
  })

  test('what it throws reaches the caller as it is, and opens the circuit', async () => {
    const { guarded } = setUp()
    await guarded.add({ id: 'a' })
    for (let failure = 0; failure < 2; failure++) {
      await expect(guarded.map(fails)).rejects.toThrow(new RangeError('no such entry'))
    }
    await expect(guarded.count('all')).rejects.toBeInstanceOf(CircuitOpenError)
  })

  test('ends at the deadline what it does, when it has asked for its signal', async () => {
    const { ledger, proxy, guarded } = setUp({ timeoutMs: 50 })
    await proxy.get()
    const settled = guarded.settle()
    expect(ledger.settling).toBe(1)
    await expect(settled).rejects.toBeInstanceOf(ServiceTimeoutError)
    await expect.poll(() => ledger.settling).toBe(0)
    expect(proxy.getCounts().abandonedCalls).toBe(0)
  })

  test('another of its kind answers when it fails', async () => {
    const { guarded } = setUp({ fallback: new Ledger() })
    await guarded.add({ id: 'a' })
    expect(await guarded.map(fails)).toEqual([])
  })

  test('is disposed with its proxy', async () => {
    const { ledger, proxy, guarded } = setUp()
    await guarded.add({ id: 'a' })
    await proxy.stop()
    expect(ledger.closed).toBe(true)
  })

  test('its values and getters are no methods, and the error says how to read them', async () => {
    const { proxy, guarded } = setUp()
    for (const name of ['currency', 'size']) {
      const value = Reflect.get(guarded, name) as () => Promise<unknown>
      await expect(value()).rejects.toThrow(
        `'${name}' is not a method of service 'ledger'; read a property with proxy.call((service) => service.${name})`,
      )
    }
    expect(await proxy.call(({ currency, size }) => [currency, size])).toEqual(['CHF', 0])
  })
})
