import { readOnly } from './misuse.ts'

/** The key of a facade's offers. A symbol, not a private field, so that a `Proxy` around the facade passes it on. */
export const OFFERS: unique symbol = Symbol('svcproxy.offers')

/** What a facade returns for a member that is read, for one caller. */
export interface MemberOffers {
  readonly serviceName: string
  member(key: string | symbol): unknown
}

/** A facade that need not be a function. */
interface ObjectFacade {
  readonly [OFFERS]: MemberOffers
}

export interface FacadeClass {
  new (offers: MemberOffers): ObjectFacade
  readonly prototype: object
}

/**
 * The prototype behind all facades that are objects: it is asked for members that were not read from their class
 * before.
 */
const ASKED_FIRST = new Proxy(Object.freeze({}), {
  get(_target, key, receiver: ObjectFacade): unknown {
    // Not a facade: the prototype itself, in a debugger for example.
    return key === OFFERS ? undefined : receiver[OFFERS]?.member(key)
  },
  set(_target, _key, _value, { [OFFERS]: { serviceName } }: ObjectFacade): never {
    throw readOnly(serviceName)
  },
})

/**
 * The class of all facades of one object: of the service, or of a namespace of it. A member that was read once is a
 * property of the class from then on. This is for speed only: the engine finds a property at once, while asking a
 * `Proxy` costs a tenth of a guarded call, each time and for every name on the path.
 */
export function newFacadeClass(): FacadeClass {
  class Facade implements ObjectFacade {
    readonly [OFFERS]: MemberOffers

    constructor(offers: MemberOffers) {
      this[OFFERS] = offers
      Object.freeze(this)
    }
  }
  Reflect.deleteProperty(Facade.prototype, 'constructor')
  Object.setPrototypeOf(Facade.prototype, ASKED_FIRST)
  return Facade
}

/** Makes a member a property of all facades of the class, existing and future ones. */
export function addMember({ prototype }: FacadeClass, key: string | symbol): void {
  if (Object.hasOwn(prototype, key)) return
  Object.defineProperty(prototype, key, {
    get(this: ObjectFacade): unknown {
      return this[OFFERS]?.member(key)
    },
    set(this: ObjectFacade): never {
      throw readOnly(this[OFFERS].serviceName)
    },
  })
}
