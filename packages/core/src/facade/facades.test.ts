import { inspect } from 'node:util'
import { describe, expect, expectTypeOf, onTestFinished, test } from 'vitest'
import { factoryProvider, ServiceProxy } from '../index.ts'
import type { FinishBuildersInProxyCall, Guarded } from '../index.ts'

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

interface SetUp {
  <T>(service: T): { proxy: ServiceProxy<T>; guarded: Guarded<T> }
}

/** The facade was made before anybody saw the service. */
const setUp: SetUp = (service) => {
  type T = typeof service
  const proxy = new ServiceProxy<T>('account', { provider: factoryProvider<T>('account', { create: () => service }) })
  return { proxy, guarded: proxy.service }
}

/** The facade was made when the service had been seen. */
const setUpSeen: SetUp = (service) => {
  const { proxy } = setUp(service)
  proxy.override(service)
  return { proxy, guarded: proxy.service }
}

const WAYS = [
  ['before it was seen', setUp],
  ['when it had been seen', setUpSeen],
] as const

describe.each(WAYS)('the guarded service, made %s,', (_, setUp) => {
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

  test('touches no prototype: names every object has are what they are on every object', () => {
    const { guarded } = setUp(new Account())
    for (const name of ['constructor', '__proto__', 'hasOwnProperty', 'toString']) {
      expect(Reflect.get(guarded, name)).toBe(Reflect.get({}, name))
    }
  })

  test('can be printed and serialised, and says why it cannot be iterated', () => {
    const { guarded } = setUp(new Account())
    expect(String(guarded)).toBe('[object Guarded account]')
    expect(inspect(guarded)).toMatch(/^\[.*\]$/)
    expect(JSON.stringify([guarded])).toMatch(/^\[(null|\{\})\]$/)
    expect(() => [...(guarded as unknown as Iterable<unknown>)]).toThrow('cannot be iterated')
  })

  test('keeps a bounded number of wrappers, whoever makes up names', async () => {
    const { guarded } = setUp(new Account())
    for (let index = 0; index < 1_000; index++) Reflect.get(guarded, `name${index}`)
    expect(Reflect.get(guarded, 'late')).not.toBe(Reflect.get(guarded, 'late'))
    expect(await guarded.deposit(1)).toBe(11)
  })

  test('works through what somebody puts around it', async () => {
    const { guarded } = setUp(new Account())
    expect(await new Proxy(guarded, {}).deposit(1)).toBe(11)
    const derived: Guarded<Account> = Object.create(guarded)
    expect(await derived.deposit(1)).toBe(12)
    const { deposit } = guarded
    expect(await deposit(1)).toBe(13)
  })

  test('has methods that are called as what every function has', async () => {
    const { guarded } = setUp({ name: () => 'a name', length: () => 3, prototype: () => 'p', arguments: () => 'a' })
    expect(await guarded.name()).toBe('a name')
    expect(await guarded.length()).toBe(3)
    expect(await guarded.prototype()).toBe('p')
    expect(await guarded.arguments()).toBe('a')
  })
})

describe('a facade cannot be changed', () => {
  test('made before the service was seen', () => {
    const { guarded } = setUp(new Account())
    const target: object = guarded
    expect(() => Object.assign(target, { deposit: () => 0 })).toThrow('is read-only')
    expect(() => Object.defineProperty(target, 'x', { value: 1 })).toThrow('is read-only')
    expect(() => Reflect.deleteProperty(target, 'deposit')).toThrow('is read-only')
    expect(() => Object.setPrototypeOf(target, null)).toThrow('is read-only')
    expect(() => Object.freeze(target)).toThrow('is read-only')
  })

  test('made when the service had been seen', async () => {
    const { guarded } = setUpSeen(new Account())
    const target: object = guarded
    for (const _ of ['before it was asked for', 'after']) {
      expect(() => Object.assign(target, { deposit: () => 0 })).toThrow('is read-only')
      expect(() => Object.defineProperty(target, 'deposit', { value: () => 0 })).toThrow(TypeError)
      expect(() => Object.setPrototypeOf(target, null)).toThrow(TypeError)
      Reflect.deleteProperty(target, 'deposit')
      expect(await guarded.deposit(0)).toBe(10)
    }
  })
})

test('the shared facade is another one when the service has been seen, and stays; the first one works on', async () => {
  const { proxy, guarded } = setUp(new Account())
  expect(proxy.service).toBe(guarded)
  await proxy.get()
  const seen = proxy.service
  expect(seen).not.toBe(guarded)
  proxy.invalidateCache()
  expect(proxy.service).toBe(seen)
  expect(await guarded.deposit(1)).toBe(11)
  expect(await seen.deposit(1)).toBe(12)
})

test('each caller has its own facade, with its own signal', async () => {
  const { proxy } = setUpSeen(new Account())
  const [gone, there] = [AbortSignal.abort(new Error('gone')), new AbortController().signal].map((signal) =>
    proxy.serviceWith({ signal }),
  )
  for (const _ of ['first', 'second']) {
    await expect(gone!.deposit(1)).rejects.toThrow('gone')
    expect(await there!.deposit(0)).toBe(10)
  }
})

/** As an SDK is: namespaces in namespaces, with values among them. */
class Sdk {
  readonly version = '1.0'
  readonly chat = {
    model: 'small',
    completions: {
      prefix: '> ',
      create(prompt: string): string {
        return this.prefix + prompt
      },
    },
  }
  get lazy(): { ping(): Promise<'pong'> } {
    return { ping: async () => 'pong' }
  }
  readonly tags: readonly string[] = ['a']
  readonly since: Date = new Date(0)
  readonly byName: ReadonlyMap<string, number> = new Map()
}

describe.each(WAYS)('namespaces, made %s,', (_, setUp) => {
  test('have their methods, to any depth, each with its own this, before the service is there and after', async () => {
    const { proxy, guarded } = setUp(new Sdk())
    for (const _ of ['before', 'after']) {
      expect(await guarded.chat.completions.create('hi')).toBe('> hi')
      expect(await guarded.lazy.ping()).toBe('pong')
      const { create } = guarded.chat.completions
      expect(await create('taken off')).toBe('> taken off')
    }
    expect(Object.keys(proxy.getMetrics().latency)).toEqual(
      expect.arrayContaining(['chat.completions.create', 'lazy.ping']),
    )
  })

  test('are typed without what has a value, and with no name that a function has', () => {
    type G = Guarded<
      Sdk & { readonly rpc: { call(): void; apply(): void; ask(): void }; readonly limits: { max: number } }
    >
    expectTypeOf<keyof G>().toEqualTypeOf<'chat' | 'lazy' | 'rpc'>()
    expectTypeOf<keyof G['chat']>().toEqualTypeOf<'completions'>()
    expectTypeOf<G['chat']['completions']['create']>().toEqualTypeOf<(prompt: string) => Promise<string>>()
    expectTypeOf<keyof G['rpc']>().toEqualTypeOf<'ask'>()
  })

  test('are what they are once: the same object for the same name, whichever caller has it', async () => {
    const { guarded } = setUp(new Sdk())
    expect(guarded.chat).toBe(guarded.chat)
    await guarded.chat.completions.create('hi')
    const { chat } = guarded
    expect(guarded.chat).toBe(chat)
    expect(chat.completions).toBe(guarded.chat.completions)
    expect(chat.completions.create).toBe(chat.completions.create)
  })

  test('are no methods, and say so with their path', async () => {
    const { proxy, guarded } = setUp(new Sdk())
    for (const [path, call] of [
      ['lazy', guarded.lazy],
      ['chat.model', Reflect.get(guarded.chat, 'model')],
      ['chat.missing.method', Reflect.get(Reflect.get(guarded.chat, 'missing') as object, 'method')],
    ] as const) {
      await expect((call as unknown as () => Promise<unknown>)()).rejects.toThrow(
        `'${path}' is not a method of service 'account'`,
      )
    }
    expect(proxy.getMetrics()).toMatchObject({ rejectedRequests: 3, rejections: { misuse: 3 } })
  })

  test('no getter runs before somebody calls', async () => {
    let reads = 0
    const { proxy, guarded } = setUp({
      get lazy() {
        reads++
        return { ping: () => 'pong' }
      },
    })
    await proxy.get()
    expect(guarded.lazy.ping).toBeTypeOf('function')
    expect(reads).toBe(0)
    expect(await guarded.lazy.ping()).toBe('pong')
  })

  test('a service that is a Proxy itself works, also one that does not like to be looked at', async () => {
    const shy = new Proxy(
      { models: { find: () => 'found' } },
      {
        getOwnPropertyDescriptor: () => {
          throw new Error('no')
        },
      },
    )
    const { proxy, guarded } = setUp(shy)
    await proxy.get()
    expect(await guarded.models.find()).toBe('found')
  })

  test('keep a bounded number of names', async () => {
    const { guarded } = setUp(new Sdk())
    const chat: object = guarded.chat
    for (let index = 0; index < 1_000; index++) Reflect.get(chat, `name${index}`)
    expect(Reflect.get(chat, 'late')).not.toBe(Reflect.get(chat, 'late'))
    expect(await guarded.chat.completions.create('hi')).toBe('> hi')
  })
})

test('an object that is called: told by its facade, or by the language when it is known to be no function', async () => {
  const callable = (facade: unknown) => facade as () => Promise<unknown>
  const { guarded } = setUp(new Sdk())
  const { chat } = guarded
  await expect(callable(guarded)()).rejects.toThrow("Service 'account' is not a function")
  await expect(callable(chat)()).rejects.toThrow("'chat' is not a method of service 'account'")
  const seen = setUpSeen(new Sdk()).guarded
  expect(() => callable(seen)()).toThrow('is not a function')
  expect(() => callable(seen.chat)()).toThrow('is not a function')
})

describe.each(WAYS)('a service that is a function, its facade made %s,', (_, setUp) => {
  const axios = Object.assign(async (url: string) => ({ url }), {
    get: async (url: string) => ({ data: url }),
    defaults: { baseURL: 'x', transform: (text: string) => text },
  })

  test('is called as one, counts as $self, and has its members', async () => {
    const { proxy, guarded } = setUp(axios)
    expect(await guarded('/a')).toEqual({ url: '/a' })
    expect((await guarded.get('/b')).data).toBe('/b')
    // Its own type is kept, for its overloads; so a synchronous member is typed as it was.
    expect(await Promise.resolve(guarded.defaults.transform('c'))).toBe('c')
    expect(Object.keys(proxy.getMetrics().latency)).toEqual(
      expect.arrayContaining(['$self', 'get', 'defaults.transform']),
    )
    const sync = setUp((left: number, right: number) => left + right)
    expect(await sync.guarded(1, 2)).toBe(3)
  })
})

describe('overloads and type parameters', () => {
  interface Pool {
    query<R>(text: string, values?: unknown[]): Promise<R[]>
    query(text: string, callback: (error: Error) => void): void
    map<U>(each: (row: string) => U): Promise<U[]>
    either(flag: true): Promise<1>
    either(flag: false): 2
    maybe(): string | Promise<string>
    like(): PromiseLike<string>
    find(): Query
    optional?(): Promise<void>
  }
  interface Query extends PromiseLike<string> {
    limit(count: number): this
  }

  test('are kept where any overload returns a promise', () => {
    type G = Guarded<Pool>
    expectTypeOf<G['query']>().toEqualTypeOf<Pool['query']>()
    expectTypeOf<G['map']>().toEqualTypeOf<Pool['map']>()
    expectTypeOf<G['either']>().toEqualTypeOf<Pool['either']>()
    expectTypeOf<G['maybe']>().toEqualTypeOf<() => Promise<string>>()
    expectTypeOf<G['like']>().toEqualTypeOf<() => Promise<string>>()
    expectTypeOf<G['find']>().toEqualTypeOf<FinishBuildersInProxyCall>()
    expectTypeOf<keyof G>().toEqualTypeOf<'query' | 'map' | 'either' | 'maybe' | 'like' | 'find'>()
  })
})

describe.each(WAYS)('what cannot be guarded, by a facade made %s:', (_, setUp) => {
  /** As knex, mongoose and drizzle have them: nothing is done before it is awaited. */
  class Builder implements PromiseLike<string> {
    static ran: string[] = []
    #condition = 'everything'
    where(condition: string): this {
      this.#condition = condition
      return this
    }
    then: PromiseLike<string>['then'] = (resolve, reject) => {
      Builder.ran.push(this.#condition)
      return Promise.resolve(this.#condition).then(resolve, reject)
    }
  }
  const table = { delete: () => new Builder(), nested: { delete: () => new Builder() } }
  type Unfinished = { delete: () => Promise<unknown>; nested: { delete: () => Promise<unknown> } }

  test('a builder is not run: who awaits it is told how to finish it, and so is who goes on', async () => {
    const { proxy, guarded } = setUp(table)
    const typed = guarded as unknown as Unfinished
    const message =
      "'delete' of service 'account' returned a builder, which was not run; begin and finish it inside one call"
    await expect(typed.delete()).rejects.toThrow(message)
    expect(() => (typed.delete() as unknown as Builder).where('id = 1')).toThrow(message)
    await expect(typed.nested.delete()).rejects.toThrow("'nested.delete' of service 'account' returned a builder")
    expect(Builder.ran).toEqual([])
    expect(await proxy.call((service) => service.delete().where('id = 1'))).toBe('id = 1')
    expect(Builder.ran).toEqual(['id = 1'])
    expect(proxy.getMetrics()).toMatchObject({ failedRequests: 0, rejectedRequests: 3, inFlight: 0 })
  })

  test('a builder of a service that was not there yet: nobody is left with a rejection that nobody handles', async () => {
    const rejections: unknown[] = []
    const listener = (error: unknown): void => void rejections.push(error)
    process.on('unhandledRejection', listener)
    onTestFinished(() => void process.off('unhandledRejection', listener))
    const { guarded } = setUp(table)
    expect(() => ((guarded as unknown as Unfinished).delete() as unknown as Builder).where('id = 1')).toThrow(TypeError)
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(rejections).toEqual([])
    expect(Builder.ran).not.toContain('everything')
  })

  test('promises of all kinds are no builders', async () => {
    class Cancellable extends Promise<string> {
      cancel(): void {}
    }
    class Foreign {
      static resolve(): void {}
      then(resolve: (value: string) => void): void {
        resolve('foreign')
      }
      tap(): void {}
    }
    const lazy = {
      then: (resolve: (value: string) => void) => resolve('lazy'),
      [Symbol.toStringTag]: 'PrismaPromise',
      requestTransaction() {},
    }
    const { guarded } = setUp({
      cancellable: () => Cancellable.resolve('cancellable') as Cancellable,
      foreign: () => new Foreign() as unknown as Promise<string>,
      plain: () => ({ then: (resolve: (value: string) => void) => resolve('plain') }) as unknown as Promise<string>,
      lazy: () => lazy as unknown as Promise<string>,
    })
    for (const name of ['cancellable', 'foreign', 'plain', 'lazy'] as const) expect(await guarded[name]()).toBe(name)
  })

  test('a client checked out of a pool is given back, and its caller told where to use it', async () => {
    let out = 0
    const checkOut = async () => (out++, { query: async () => 'rows', release: () => void out-- })
    const lock = { release() {} }
    const { proxy, guarded } = setUp({
      connect: checkOut,
      getConnection: checkOut,
      lend: checkOut,
      acquire: async () => lock,
    })
    await expect(guarded.connect()).rejects.toThrow(
      "'connect' of service 'account' checked out a client, which was given back",
    )
    await expect(guarded.getConnection()).rejects.toThrow('check it out, use it and release it inside one call')
    expect(out).toBe(0)
    expect(await guarded.acquire()).toBe(lock)
    expect(
      await proxy.call(async (pool) => {
        const client = await pool.connect()
        return client.query().finally(client.release)
      }),
    ).toBe('rows')
    expect(proxy.getMetrics()).toMatchObject({ failedRequests: 0, rejectedRequests: 2, inFlight: 0 })
  })

  test('a property used as a value says how to read it', async () => {
    const { proxy, guarded } = setUp(new Account())
    for (const _ of ['before', 'after']) {
      const owner: unknown = Reflect.get(guarded, 'owner')
      expect(() => `${owner as string}!`).toThrow(
        "'owner' of the guarded service 'account' has no value; read a property with proxy.call((service) => service.owner)",
      )
      expect(() => (owner as number) + 1).toThrow('has no value')
      await proxy.get()
    }
    expect(await proxy.call((service) => service.owner)).toBe('Ann')
  })

  test('a transaction that runs is awaited; one that is handed out is rolled back', async () => {
    const ended: string[] = []
    /** As knex has it: begun when it is made, a thenable, with methods of its own. */
    const running = (value: string) => ({
      commit: () => void ended.push('commit'),
      rollback: async () => void ended.push('rollback'),
      insert: () => undefined,
      then: (resolve: (value: string) => void) => resolve(value),
    })
    const { then: _then, ...open } = running('')
    const { proxy, guarded } = setUp({
      run: () => running('rows') as unknown as Promise<string>,
      transaction: async (work?: () => string) => (work === undefined ? open : work()),
    })
    expect(await guarded.run()).toBe('rows')
    expect(await guarded.transaction(() => 'done')).toBe('done')
    await expect(guarded.transaction()).rejects.toThrow(
      "'transaction' of service 'account' began a transaction, which was rolled back",
    )
    expect(ended).toEqual(['rollback'])
    expect(proxy.getMetrics()).toMatchObject({ failedRequests: 0, rejectedRequests: 1, inFlight: 0 })
  })

  test('what is finished by exec() is a builder, too', async () => {
    const { guarded } = setUp({ multi: () => ({ exec: () => [], set: () => undefined }) })
    await expect(guarded.multi()).rejects.toThrow("'multi' of service 'account' returned a builder")
  })

  test('what the promise of a client has beside its value says where it is to be had, and the value is there', async () => {
    class ApiPromise extends Promise<string> {
      withResponse(): string {
        return 'response'
      }
    }
    const { proxy, guarded } = setUp({
      ask: () => ApiPromise.resolve('answer') as ApiPromise,
      fail: () => ApiPromise.reject(new Error('down')) as ApiPromise,
    })
    for (const _ of ['before', 'after']) {
      const answer = guarded.ask()
      expect(answer).toBeInstanceOf(Promise)
      expect(Reflect.get(answer, 'other')).toBeUndefined()
      expect(await answer).toBe('answer')
      await proxy.get()
    }
    const message =
      "'ask' of the guarded service 'account' returns a plain promise; use the other methods of the client's own promise"
    expect(() => guarded.ask().withResponse()).toThrow(message)
    expect(() => guarded.fail().withResponse()).toThrow('inside one call: proxy.call')
    expect(await proxy.call((service) => service.ask().withResponse())).toBe('response')
  })

  test('a template with a promise in it is not called: a part was made by the facade', async () => {
    const ran: unknown[] = []
    const sql = Object.assign(
      async (strings: TemplateStringsArray, ...values: unknown[]) => void ran.push(strings, values),
      {
        json: (value: object) => ({ value }),
      },
    )
    const { guarded } = setUp(sql)
    const part: unknown = guarded.json({ a: 1 })
    await expect(guarded`update users set it = ${part}`).rejects.toThrow(
      "'$self' of service 'account' was given a promise as a part of a template",
    )
    expect(ran).toEqual([])
    await guarded`select ${1}`
    expect(ran).toHaveLength(2)
  })

  test('a thenable that does not let itself be awaited is no failure of the service', async () => {
    const fragment = {
      then: () => {
        throw new Error('not tagged')
      },
    }
    const { proxy, guarded } = setUp({ fragment: () => fragment as unknown as Promise<string> })
    await expect(guarded.fragment()).rejects.toThrow("'fragment' of service 'account' returned a builder")
    expect(proxy.getMetrics()).toMatchObject({ failedRequests: 0, rejectedRequests: 1 })
  })

  test('a member of the facade that is given back to its service is the member itself', async () => {
    const list = Object.assign(async () => ['a', 'b'], { endpoint: (page: number) => `/list/${page}` })
    const { proxy, guarded } = setUp({
      rest: { list },
      paginate: async (method: typeof list) => [method.endpoint(1), await method()],
    })
    const other = setUp({ rest: { list } })
    for (const _ of ['before', 'after']) {
      expect(await guarded.paginate(guarded.rest.list)).toEqual(['/list/1', ['a', 'b']])
      await proxy.get()
    }
    const [endpoint] = await guarded.paginate(other.guarded.rest.list)
    expect(endpoint).toBeInstanceOf(Promise)
  })

  test('what everybody asks of a function is answered as by one', async () => {
    const { proxy, guarded } = setUp(new Account())
    for (const _ of ['before', 'after']) {
      expect(await guarded.deposit.call(undefined, 0)).toBe(10)
      expect(await guarded.deposit.apply(undefined, [0])).toBe(10)
      expect(await guarded.deposit.bind(undefined, 0)()).toBe(10)
      expect(`[Function ${guarded.deposit.name}]`).toContain('Function')
      expect(Reflect.get(guarded.deposit, 'then')).toBeUndefined()
      await proxy.get()
    }
  })
})
