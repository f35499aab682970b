import { addMember, newFacadeClass, OFFERS } from './facade-class.ts'
import type { MemberOffers } from './facade-class.ts'
import type { Guarded } from './guarded.ts'
import { isObject } from '../is-object.ts'
import { MAX_MEMBERS, Member } from './member.ts'
import type { Kind } from './member.ts'
import { notAValue, notIterable, readOnly } from './misuse.ts'

/** Holds the service, while there is one. */
interface Instances {
  readonly current: { readonly service: unknown } | undefined
}

/** Calls a method of the service through its proxy. */
export type MemberCaller = (member: Member, args: unknown[]) => Promise<unknown>

/** A method as its callers see it. */
type Method = (...args: unknown[]) => Promise<unknown>

/**
 * The transparent facades of one service. Which methods the service has is not known before it is loaded. So every name
 * gives something that can be called and has members itself; calling something that the service does not have rejects
 * with a TypeError that says so.
 *
 * Some names are not offered, because promises, JSON and the language itself look them up: `then`, `toJSON`, what every
 * object has (`toString`, `constructor` …) and well-known symbols; and on members `call`, `apply` and `bind`.
 */
export class Facades<T> {
  readonly #source: Source
  #shared: Guarded<T> | undefined
  #sharedKnows = false

  constructor(serviceName: string, instances: Instances) {
    this.#source = { serviceName, service: Member.ofService(), instances }
  }

  /**
   * The facade for code without a caller of its own. It is replaced once the service has been seen, for a faster one.
   */
  shared(make: () => Guarded<T>): Guarded<T> {
    const knows = kindOf(this.#source, this.#source.service) !== undefined
    if (this.#shared === undefined || this.#sharedKnows !== knows) this.#shared = make()
    this.#sharedKnows = knows
    return this.#shared
  }

  /** @param call makes the calls of one caller, a request for example */
  forCaller(call: MemberCaller): Guarded<T> {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- its type is what its offers make of it
    return facadeOf(this.#source, this.#source.service, call) as Guarded<T>
  }
}

/** What all facades of a service share. */
interface Source {
  readonly serviceName: string
  /** The service itself; below it are the members that were read from its facades. */
  readonly service: Member
  readonly instances: Instances
}

function kindOf({ instances }: Source, member: Member): Kind {
  return member.kindIn(instances.current?.service)
}

/** An object where that is known to be enough, and a function where there may be something to call. */
function facadeOf(source: Source, member: Member, call: MemberCaller): object {
  if (kindOf(source, member) !== 'object') return new Proxy(CALLABLE, new CallableOffers(source, member, call))
  const Facade = (member.facadeClass ??= newFacadeClass())
  return new Facade(new Offers(source, member, call))
}

/**
 * What a facade of the service, or of one of its members, returns to its caller. There is one for each request that
 * uses the service, so it stays small until it needs to be more.
 */
class Offers implements MemberOffers {
  /** The member whose facade it is. */
  readonly of: Member
  readonly #source: Source
  readonly #call: MemberCaller
  /** The first member that was read; most requests read no other. */
  #firstKey: string | symbol | undefined
  #first: object | undefined
  #others: Map<string | symbol, object> | undefined
  /** The members whose kind is not known yet. */
  #unknown: Map<string | symbol, object> | undefined

  constructor(source: Source, of: Member, call: MemberCaller) {
    this.#source = source
    this.of = of
    this.#call = call
  }

  get serviceName(): string {
    return this.#source.serviceName
  }

  member(key: string | symbol): unknown {
    if (key === this.#firstKey) return this.#first
    return this.#others?.get(key) ?? this.#find(key)
  }

  call(args: unknown[]): Promise<unknown> {
    const call = this.#call
    return call(this.of, args)
  }

  #find(key: string | symbol): unknown {
    if (key in Object.prototype) return Reflect.get(NOTHING, key)
    if (!this.of.isService && OF_FUNCTIONS.has(key)) return Reflect.get(CALLABLE, key)
    if (key === 'then' || key === 'toJSON') return undefined
    return WELL_KNOWN.has(key) ? this.#wellKnown(key) : this.#offer(key)
  }

  #wellKnown(symbol: string | symbol): unknown {
    const { serviceName } = this
    const { isService, path, key } = this.of
    const label = `Guarded ${isService ? serviceName : `${serviceName}.${path}`}`
    if (symbol === Symbol.toStringTag) return label
    if (symbol === INSPECT) return () => `[${label}]`
    if (symbol === Symbol.asyncIterator || symbol === Symbol.iterator) {
      return () => {
        throw notIterable(serviceName)
      }
    }
    if (symbol !== Symbol.toPrimitive || isService) return undefined
    // Printing a function reads these two.
    if (key === 'name' || key === 'length') return () => path
    return () => {
      throw notAValue(serviceName, this.of)
    }
  }

  #offer(key: string | symbol): object {
    const member = this.of.member(key)
    const kind = kindOf(this.#source, member)
    if (kind === undefined) return this.#offerUnknown(key, member)
    const offered = this.#offerKnown(key, member, kind)
    if (this.#firstKey === undefined) {
      this.#firstKey = key
      this.#first = offered
    } else {
      keep((this.#others ??= new Map<string | symbol, object>()), key, offered)
    }
    const { facadeClass } = this.of
    if (facadeClass !== undefined && this.of.has(key)) addMember(facadeClass, key)
    return offered
  }

  #offerKnown(key: string | symbol, member: Member, kind: Kind): object {
    const known = this.#unknown?.get(key)
    this.#unknown?.delete(key)
    const call = this.#call
    if (kind === 'method') return (...args: unknown[]) => call(member, args)
    return known ?? facadeOf(this.#source, member, call)
  }

  /** The service is not loaded, so the member cannot be inspected. */
  #offerUnknown(key: string | symbol, member: Member): object {
    const known = this.#unknown?.get(key)
    if (known !== undefined) return known
    const offered = facadeOf(this.#source, member, this.#call)
    keep((this.#unknown ??= new Map<string | symbol, object>()), key, offered)
    return offered
  }
}

/** For a function with members, or for a member that nobody has seen yet, which may be one. */
class CallableOffers extends Offers implements ProxyHandler<Method> {
  get(_target: Method, key: string | symbol): unknown {
    return key === OFFERS ? this : this.member(key)
  }

  apply(_target: Method, _self: unknown, args: unknown[]): Promise<unknown> {
    return this.call(args)
  }

  set(): never {
    throw readOnly(this.serviceName)
  }

  defineProperty(): never {
    throw readOnly(this.serviceName)
  }

  deleteProperty(): never {
    throw readOnly(this.serviceName)
  }

  setPrototypeOf(): never {
    throw readOnly(this.serviceName)
  }

  preventExtensions(): never {
    throw readOnly(this.serviceName)
  }
}

/**
 * The member whose facade `value` is; undefined if it is no facade, or the facade of a plain method, which can only be
 * called.
 */
export function memberOf(value: unknown): Member | undefined {
  if (!isObject(value)) return undefined
  try {
    const offers: unknown = Reflect.get(value, OFFERS)
    return offers instanceof Offers ? offers.of : undefined
  } catch {
    // A proxy whose trap throws.
    return undefined
  }
}

/** The symbol that Node.js looks up on an object before printing it. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom')

/** Symbols that are looked up on any object to find out what it is. */
const WELL_KNOWN: ReadonlySet<unknown> = new Set([
  INSPECT,
  ...Object.getOwnPropertyNames(Symbol).map((name): unknown => Reflect.get(Symbol, name)),
])

/** Has what every object has. */
const NOTHING = Object.freeze({})

/** What every function has, whatever it is called on. */
const OF_FUNCTIONS: ReadonlySet<unknown> = new Set(['call', 'apply', 'bind'])

/** The target of every facade that is a function: a function without members of its own. */
const CALLABLE: Method = () => Promise.resolve()
for (const key of ['name', 'length']) Reflect.deleteProperty(CALLABLE, key)

function keep(kept: Map<string | symbol, object>, key: string | symbol, offered: object): void {
  if (kept.size < MAX_MEMBERS - 1) kept.set(key, offered)
}
