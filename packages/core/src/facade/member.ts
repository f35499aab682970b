import type { FacadeClass } from './facade-class.ts'
import { isObject } from '../is-object.ts'
import { SERVICE_ITSELF } from '../options/method-path.ts'

/**
 * What a member is known to be; undefined as long as nobody has seen it. A `method` is a function without members, an
 * `object` cannot be called; what an `other` member returns is not known before it is called.
 */
export type Kind = 'method' | 'object' | 'other' | undefined

/** An upper bound, in case the names do not come from code. */
export const MAX_MEMBERS = 1_000

/** The methods that check out a client of a pool, or begin a transaction, in the libraries that have them. */
const CHECK_OUTS: ReadonlySet<unknown> = new Set([
  'connect',
  'getConnection',
  'reserve',
  'acquire',
  'transaction',
  'beginTransaction',
])

/**
 * A name on the service, or on an object it contains: where a method is found, and its name in metrics, traces and
 * errors. All facades of a service share the tree of its members.
 */
export class Member {
  /** The names from the service down: `chat.completions.create`. */
  readonly path: string
  readonly key: string | symbol
  /** Whether its method may check out something that the caller has to give back. */
  readonly mayCheckOut: boolean
  readonly isService: boolean
  /** The class of its facades, if it is an object; created with the first of them. */
  facadeClass: FacadeClass | undefined
  readonly #parent: Member | undefined
  #members: Map<string | symbol, Member> | undefined
  #kind: Kind

  private constructor(path: string, key: string | symbol, parent: Member | undefined) {
    this.path = path
    this.key = key
    this.mayCheckOut = CHECK_OUTS.has(key)
    this.isService = parent === undefined
    this.#parent = parent
  }

  /** The service itself. */
  static ofService(): Member {
    return new Member(SERVICE_ITSELF, '', undefined)
  }

  member(key: string | symbol): Member {
    const known = this.#members?.get(key)
    if (known !== undefined) return known
    const member = new Member(this.isService ? String(key) : `${this.path}.${String(key)}`, key, this)
    this.#members ??= new Map()
    if (this.#members.size < MAX_MEMBERS) this.#members.set(key, member)
    return member
  }

  /** Whether {@link Member.member} keeps what it returns for `key`. */
  has(key: string | symbol): boolean {
    return this.#members?.has(key) === true
  }

  /** Whether both belong to the same service. */
  isBeside(other: Member): boolean {
    return this.#service === other.#service
  }

  get #service(): Member {
    return this.#parent === undefined ? this : this.#parent.#service
  }

  /**
   * What its method is called on: the service, or the object that contains it; undefined for the service itself.
   * Getters run, and may throw.
   */
  ownerIn(service: unknown): unknown {
    const parent = this.#parent
    if (parent === undefined) return undefined
    return parent.isService ? service : parent.valueIn(service)
  }

  valueIn(service: unknown): unknown {
    return this.#parent === undefined ? service : membersOf(this.ownerIn(service))[this.key]
  }

  /**
   * What it is in `service`, as far as that can be known without running a getter. For speed only: every facade could
   * be a `Proxy`, but a `Proxy` takes longer to call and to read.
   */
  kindIn(service: unknown): Kind {
    if (this.#kind === undefined && service !== undefined) this.#kind = kindOf(this.#storedIn(service))
    return this.#kind
  }

  #storedIn(service: unknown): unknown {
    return this.#parent === undefined ? service : storedValue(this.#parent.#storedIn(service), this.key)
  }
}

/** The result of {@link Member.ownerIn} as something with members: an empty object if it is undefined or null. */
export function membersOf(owner: unknown): Record<string | symbol, unknown> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every value but these two can be asked for members
  return (owner ?? {}) as Record<string | symbol, unknown>
}

function storedValue(owner: unknown, key: string | symbol): unknown {
  try {
    for (let object: unknown = owner; isObject(object); object = Object.getPrototypeOf(object)) {
      const property = Object.getOwnPropertyDescriptor(object, key)
      if (property !== undefined) return property.value
    }
  } catch {
    // A proxy whose trap throws.
  }
  return undefined
}

/** The prototypes that the language gives to the four kinds of functions that can be called. */
const FUNCTION_PROTOTYPES: ReadonlySet<unknown> = new Set(
  [() => {}, async () => {}, function* () {}, async function* () {}].map((made): unknown =>
    Object.getPrototypeOf(made),
  ),
)
const FUNCTION_KEYS: ReadonlySet<unknown> = new Set(['length', 'name', 'prototype', 'arguments', 'caller'])

function kindOf(value: unknown): Kind {
  if (typeof value === 'function') return isPlain(value) ? 'method' : 'other'
  return isObject(value) ? 'object' : 'other'
}

function isPlain(value: object): boolean {
  if (!FUNCTION_PROTOTYPES.has(Object.getPrototypeOf(value))) return false
  return Reflect.ownKeys(value).every((key) => FUNCTION_KEYS.has(key))
}
