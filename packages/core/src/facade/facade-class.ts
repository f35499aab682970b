import { readOnly } from './misuse.ts'

/** Under this a facade has its offers. A symbol, not a private field: a `Proxy` that somebody puts around it passes it on. */
export const OFFERS: unique symbol = Symbol('svcproxy.offers')

/** What a facade gives to whoever asks for a member, for one caller. */
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

/** Behind all facades that are objects: asked for what none of their class was asked for before. */
const ASKED_FIRST = new Proxy(Object.freeze({}), {
  get(_target, key, receiver: ObjectFacade): unknown {
    // Nobody's facade: the prototype itself, in a debugger for example.
    return key === OFFERS ? undefined : receiver[OFFERS]?.member(key)
  },
  set(_target, _key, _value, { [OFFERS]: { serviceName } }: ObjectFacade): never {
    throw readOnly(serviceName)
  },
})

/**
 * The class of all facades of one object: of the service, or of a namespace of it. What one of them was asked for is a
 * property of the class from then on. For speed only: the engine finds a property at once, while to ask a `Proxy` costs a
 * tenth of a guarded call, each time and for every name on the path.
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

/** Makes a member a property of all facades of the class, made or to be made. */
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
