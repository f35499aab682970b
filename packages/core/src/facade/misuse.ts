import { misuse } from '../errors.ts'
import type { Member } from './member.ts'

// The errors for callers that ask a facade for something it cannot give: what is wrong, and what to do instead.

/** @param value what is there instead of a method */
export function notAMethod(serviceName: string, member: Member, value: unknown): TypeError {
  if (member.isService) return misuse(serviceName, `Service '${serviceName}' is not a function`)
  const what = `'${member.path}' is not a method of service '${serviceName}'`
  if (value === undefined) return misuse(serviceName, what)
  return misuse(serviceName, `${what}; read a property with proxy.call((service) => service.${member.path})`)
}

/** The builder was not run: nobody knows what it would have done without the calls that finish it. */
export function unfinishedBuilder(serviceName: string, path: string): TypeError {
  return misuse(
    serviceName,
    `'${path}' of service '${serviceName}' returned a builder, which was not run; begin and finish it inside one call: ` +
      'proxy.call((service) => …)',
  )
}

/** The client was given back to its pool. */
export function unguardedClient(serviceName: string, path: string): TypeError {
  return misuse(
    serviceName,
    `'${path}' of service '${serviceName}' checked out a client, which was given back, because nothing would guard it; ` +
      'check it out, use it and release it inside one call: proxy.call((service) => …)',
  )
}

/** The transaction was rolled back. */
export function openTransaction(serviceName: string, path: string): TypeError {
  return misuse(
    serviceName,
    `'${path}' of service '${serviceName}' began a transaction, which was rolled back, because nothing would guard it; ` +
      'begin, use and commit it inside one call: proxy.call((service) => …)',
  )
}

/** For methods that the client's own promise has and a plain promise has not. */
export function onlyAPromise(serviceName: string, path: string): TypeError {
  return misuse(
    serviceName,
    `'${path}' of the guarded service '${serviceName}' returns a plain promise; use the other methods of the client's own ` +
      'promise inside one call: proxy.call((service) => …)',
  )
}

/** Nothing was sent. */
export function promiseInTemplate(serviceName: string, path: string): TypeError {
  return misuse(
    serviceName,
    `'${path}' of service '${serviceName}' was given a promise as a part of a template; make the parts and the whole ` +
      'inside one call: proxy.call((service) => …)',
  )
}

/** For a member that is used as if it were a value. */
export function notAValue(serviceName: string, member: Member): TypeError {
  return misuse(
    serviceName,
    `'${member.path}' of the guarded service '${serviceName}' has no value; read a property with ` +
      `proxy.call((service) => service.${member.path})`,
  )
}

/** For an attempt to change the facade. */
export function readOnly(serviceName: string): TypeError {
  return misuse(
    serviceName,
    `The guarded service '${serviceName}' is read-only; get the service itself with proxy.get()`,
  )
}

export function notIterable(serviceName: string): TypeError {
  return misuse(
    serviceName,
    `The guarded service '${serviceName}' cannot be iterated; get an iterator with proxy.call((service) => …)`,
  )
}
