import { inspect } from 'node:util'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { factoryProvider, ServiceProxy } from './index.ts'
import type { Guarded } from './index.ts'

const KEY = Symbol('key')

class Account {
  #balance = 10
  owner = 'Ann'
  get doubled(): number {
    return this.#balance * 2
  }
  deposit(amount: number, note?: string): number {
    this.#balance += amount
    return note === undefined ? this.#balance : note.length
  }
  async history<E extends string>(entry: E): Promise<E[]> {
    return [entry]
  }
  nothing(): void {}
  self(): this {
    return this
  }
  *entries(): Generator<number> {
    yield this.#balance
  }
  [KEY](): string {
    return 'by symbol'
  }
}

function setUp<T>(service: T): { proxy: ServiceProxy<T>; guarded: Guarded<T> } {
  const proxy = new ServiceProxy<T>('account', { provider: factoryProvider<T>('account', { create: () => service }) })
  return { proxy, guarded: proxy.service }
}

describe('the guarded service', () => {
  test('has every method, with its arguments and its own this, private fields and all', async () => {
    const { guarded } = setUp(new Account())
    expect(await guarded.deposit(5)).toBe(15)
    expect(await guarded.deposit(0, 'abc')).toBe(3)
    expect(await guarded.history('x')).toEqual(['x'])
    expect(await guarded.nothing()).toBeUndefined()
    expect(await guarded[KEY]()).toBe('by symbol')
    expect([...(await guarded.entries())]).toEqual([15])
  })

  test('is typed as the service is, each method returning a promise', () => {
    type G = Guarded<Account>
    expectTypeOf<G['deposit']>().toEqualTypeOf<(amount: number, note?: string) => Promise<number>>()
    expectTypeOf<G['history']>().toEqualTypeOf<Account['history']>()
    expectTypeOf<keyof G>().toEqualTypeOf<'deposit' | 'history' | 'nothing' | 'self' | 'entries' | typeof KEY>()
  })

  test('works with functions in properties and with methods of a parent or a null prototype', async () => {
    const parent = { greet: () => 'hello' }
    const own: { greet(): string; add: (a: number) => number } = Object.assign(Object.create(parent), {
      add: (a: number) => a + 1,
    })
    expect(await setUp(own).guarded.greet()).toBe('hello')
    expect(await setUp(own).guarded.add(1)).toBe(2)
    const bare: { run(): string } = Object.assign(Object.create(null), { run: () => 'ran' })
    expect(await setUp(bare).guarded.run()).toBe('ran')
  })

  test('makes the wrapper of a method once, and is made once itself', () => {
    const { proxy, guarded } = setUp(new Account())
    expect(guarded.deposit).toBe(guarded.deposit)
    expect(proxy.service).toBe(guarded)
  })

  test('is no thenable: awaiting it gives it back', async () => {
    const { guarded } = setUp({ then: () => 'never called', run: () => 1 })
    expect(Reflect.get(guarded, 'then')).toBeUndefined()
    expect(await Promise.resolve(guarded)).toBe(guarded)
  })

  test('rejects, saying why, when a name is no method; the circuit and the success rate do not hear of it', async () => {
    const { proxy, guarded } = setUp(new Account())
    for (const name of ['owner', 'doubled', 'missing']) {
      const call = Reflect.get(guarded, name) as () => Promise<unknown>
      await expect(call()).rejects.toThrow(`'${name}' is not a method of service 'account'`)
    }
    expect(proxy.getMetrics()).toMatchObject({ failedRequests: 0, rejectedRequests: 3, inFlight: 0 })
  })

  test('a getter that throws is a failure of the service, told to the caller', async () => {
    const broken = new Error('broken getter')
    const { proxy, guarded } = setUp({
      get run(): () => number {
        throw broken
      },
    })
    await expect(guarded.run()).rejects.toBe(broken)
    expect(proxy.getMetrics()).toMatchObject({ failedRequests: 1, inFlight: 0 })
    await proxy.stop()
  })

  test('passes any number of arguments', async () => {
    const { guarded } = setUp({ count: (...args: number[]) => args })
    for (let length = 0; length < 6; length++) {
      const args = Array.from({ length }, (_, n) => n)
      expect(await guarded.count(...args)).toEqual(args)
    }
  })

  test('says so when a substitute lacks the method that was called', async () => {
    const proxy = new ServiceProxy<{ ask(): string }>('account', {
      provider: factoryProvider('account', { create: () => Promise.reject(new Error('down')) }),
      fallback: () => ({}) as { ask(): string },
    })
    const error: unknown = await proxy.service.ask().catch((caught: unknown) => caught)
    expect(error).toMatchObject({ message: expect.stringContaining("'ask' is not a method of service 'account'") })
    expect(error).toHaveProperty('cause.code', 'SVCPROXY_UNAVAILABLE')
  })

  test('cannot be changed', () => {
    const { guarded } = setUp(new Account())
    const target: object = guarded
    expect(() => Object.assign(target, { deposit: () => 0 })).toThrow('is read-only')
    expect(() => Object.defineProperty(target, 'x', { value: 1 })).toThrow('is read-only')
    expect(() => Reflect.deleteProperty(target, 'deposit')).toThrow('is read-only')
    expect(() => Object.setPrototypeOf(target, null)).toThrow('is read-only')
  })

  test('touches no prototype: names every object has are what they are on every object', () => {
    const { guarded } = setUp(new Account())
    for (const name of ['constructor', '__proto__', 'hasOwnProperty', 'toString']) {
      expect(Reflect.get(guarded, name)).toBe(Reflect.get({}, name))
    }
  })

  test('can be printed and serialised, and says why it cannot be iterated', () => {
    const { guarded } = setUp(new Account())
    expect(String(guarded)).toBe('[object Guarded account]')
    expect(inspect(guarded)).toBeTypeOf('string')
    expect(JSON.stringify({ guarded })).toBe('{"guarded":{}}')
    expect(() => [...(guarded as unknown as Iterable<unknown>)]).toThrow('cannot be iterated')
  })

  test('keeps a bounded number of wrappers, whoever makes up names', async () => {
    const { guarded } = setUp(new Account())
    for (let index = 0; index < 1_000; index++) Reflect.get(guarded, `name${index}`)
    expect(Reflect.get(guarded, 'late')).not.toBe(Reflect.get(guarded, 'late'))
    expect(await guarded.deposit(1)).toBe(11)
  })
})
