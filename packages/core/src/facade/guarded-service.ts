import type { Guarded } from './guarded.ts'
import { MAX_MEMBERS, Member } from './member.ts'
import { notAValue, notIterable, readOnly } from './misuse.ts'

/** What all facades of one service share. */
export class FacadeSource {
  readonly name: string
  /** The service itself, and below it what its facades were asked for. */
  readonly member: Member = Member.ofService()
  readonly #instances: { readonly current: { readonly service: unknown } | undefined }

  /** @param instances has the current one, as long as there is one */
  constructor(name: string, instances: { readonly current: { readonly service: unknown } | undefined }) {
    this.name = name
    this.#instances = instances
  }

  get service(): unknown {
    return this.#instances.current?.service
  }
}

/** Calls a method of the service through its proxy. */
export type MemberCaller = (member: Member, args: unknown[]) => Promise<unknown>

/** A method as a caller has it. */
type Method = (...args: unknown[]) => Promise<unknown>

/** Symbols the language itself looks up, on any object, to find out what it is. */
const WELL_KNOWN: ReadonlySet<unknown> = new Set(
  Object.getOwnPropertyNames(Symbol).map((name): unknown => Reflect.get(Symbol, name)),
)

/** Has what every object has. */
const NOTHING = Object.freeze({})

/** Under this a facade has its member: a client may be given one back, as a parameter of another method. */
const MEMBER = Symbol('svcproxy.member')

/** The member of which `value` is a facade; undefined if it is none, or that of a plain method, which has nothing but its call. */
export function memberOf(value: unknown): Member | undefined {
  const member: unknown = typeof value === 'function' ? Reflect.get(value, MEMBER) : undefined
  return member instanceof Member ? member : undefined
}

/** What every function can do, whatever it is called on. */
const OF_FUNCTIONS: ReadonlySet<unknown> = new Set(['call', 'apply', 'bind'])

/** Behind every facade, for what has to be a function: one without members of its own. */
const CALLABLE: Method = () => Promise.resolve()
for (const key of ['name', 'length']) Reflect.deleteProperty(CALLABLE, key)

/**
 * The transparent facade. Which methods the service has is not known before it is resolved, so every name gives something
 * that can be called and has members itself; to call what the service does not have rejects with a TypeError that says so.
 *
 * Not offered, because promises, JSON and the language itself ask for them: `then`, `toJSON`, what every object has
 * (`toString`, `constructor` …) and well-known symbols; and, of what is itself offered, `call`, `apply` and `bind`.
 *
 * @param call one for each caller, a request for example
 */
export function guardedService<T>(source: FacadeSource, call: MemberCaller): Guarded<T> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a Proxy's type is what its handler makes of it
  return facadeOf(source, source.member, call) as Guarded<T>
}

function facadeOf(source: FacadeSource, member: Member, call: MemberCaller): Method {
  return new Proxy(CALLABLE, new FacadeHandler(source, member, call))
}

/** Of the service, or of one of its members. There is one for each request that uses the service: it is small until it needs to be more. */
class FacadeHandler implements ProxyHandler<Method> {
  readonly #source: FacadeSource
  readonly #member: Member
  readonly #call: MemberCaller
  /** The first member that was asked for; most requests ask for no other. */
  #firstKey: string | symbol | undefined
  #first: Method | undefined
  #others: Map<string | symbol, Method> | undefined
  /** Those of which it is not known yet what they are. */
  #unknown: Map<string | symbol, Method> | undefined

  constructor(source: FacadeSource, member: Member, call: MemberCaller) {
    this.#source = source
    this.#member = member
    this.#call = call
  }

  get(_target: Method, key: string | symbol): unknown {
    if (key === this.#firstKey) return this.#first
    return this.#others?.get(key) ?? this.#find(key)
  }

  apply(_target: Method, _self: unknown, args: unknown[]): Promise<unknown> {
    const call = this.#call
    return call(this.#member, args)
  }

  set(): never {
    throw readOnly(this.#source.name)
  }

  defineProperty(): never {
    throw readOnly(this.#source.name)
  }

  deleteProperty(): never {
    throw readOnly(this.#source.name)
  }

  setPrototypeOf(): never {
    throw readOnly(this.#source.name)
  }

  preventExtensions(): never {
    throw readOnly(this.#source.name)
  }

  #find(key: string | symbol): unknown {
    const { isService } = this.#member
    if (key === MEMBER) return this.#member
    if (key in Object.prototype) return Reflect.get(NOTHING, key)
    if (!isService && OF_FUNCTIONS.has(key)) return Reflect.get(CALLABLE, key)
    if (key === 'then' || key === 'toJSON') return undefined
    return WELL_KNOWN.has(key) ? this.#wellKnown(key) : this.#offer(key)
  }

  #wellKnown(symbol: string | symbol): unknown {
    const { name } = this.#source
    const { isService, path, key } = this.#member
    if (symbol === Symbol.toStringTag) return `Guarded ${isService ? name : `${name}.${path}`}`
    if (symbol === Symbol.asyncIterator || symbol === Symbol.iterator) {
      return () => {
        throw notIterable(name)
      }
    }
    if (symbol !== Symbol.toPrimitive || isService) return undefined
    // Whoever prints a function asks for these two.
    if (key === 'name' || key === 'length') return () => path
    return () => {
      throw notAValue(name, this.#member)
    }
  }

  #offer(key: string | symbol): Method {
    const member = this.#member.member(key)
    const kind = member.kindIn(this.#source.service)
    if (kind === undefined) return this.#offerUnknown(key, member)
    const call = this.#call
    const offered: Method =
      kind === 'method'
        ? (...args) => call(member, args)
        : (this.#unknown?.get(key) ?? facadeOf(this.#source, member, call))
    this.#unknown?.delete(key)
    if (this.#firstKey === undefined) {
      this.#firstKey = key
      this.#first = offered
    } else {
      keep((this.#others ??= new Map<string | symbol, Method>()), key, offered)
    }
    return offered
  }

  /** The service is not there to be looked at. */
  #offerUnknown(key: string | symbol, member: Member): Method {
    const known = this.#unknown?.get(key)
    if (known !== undefined) return known
    const offered = facadeOf(this.#source, member, this.#call)
    keep((this.#unknown ??= new Map<string | symbol, Method>()), key, offered)
    return offered
  }
}

function keep(kept: Map<string | symbol, Method>, key: string | symbol, method: Method): void {
  if (kept.size < MAX_MEMBERS - 1) kept.set(key, method)
}
