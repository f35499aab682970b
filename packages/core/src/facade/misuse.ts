import { misuse } from '../errors.ts'
import type { Member } from './member.ts'

// What a caller is told that asks the facade for something it cannot give: what is wrong, and the way that leads there.

/** @param value what is there in place of a method */
export function notAMethod(serviceName: string, member: Member, value: unknown): TypeError {
  if (member.isService) return misuse(serviceName, `Service '${serviceName}' is not a function`)
  const what = `'${member.path}' is not a method of service '${serviceName}'`
  if (value === undefined) return misuse(serviceName, what)
  return misuse(serviceName, `${what}; read a property with proxy.call((service) => service.${member.path})`)
}

/** It was not run: what it would have done without the calls that were to finish it is anybody's guess. */
export function unfinishedBuilder(serviceName: string, path: string): TypeError {
  return misuse(
    serviceName,
    `'${path}' of service '${serviceName}' returned a builder, which was not run; begin and finish it inside of a call: ` +
      'proxy.call((service) => …)',
  )
}

/** It was given back. */
export function unguardedClient(serviceName: string, path: string): TypeError {
  return misuse(
    serviceName,
    `'${path}' of service '${serviceName}' checked out a client, which was given back, because nothing would guard it; ` +
      'check it out, use it and release it inside of a call: proxy.call((service) => …)',
  )
}

/** It was rolled back. */
export function openTransaction(serviceName: string, path: string): TypeError {
  return misuse(
    serviceName,
    `'${path}' of service '${serviceName}' began a transaction, which was rolled back, because nothing would guard it; ` +
      'begin, use and commit it inside of a call: proxy.call((service) => …)',
  )
}

/** For the methods that the client's own promise has, and a promise has not. */
export function onlyAPromise(serviceName: string, path: string): TypeError {
  return misuse(
    serviceName,
    `'${path}' of the guarded service '${serviceName}' returns a plain promise; use the other methods of the client's own ` +
      'promise inside of a call: proxy.call((service) => …)',
  )
}

/** Nothing was sent. */
export function promiseInTemplate(serviceName: string, path: string): TypeError {
  return misuse(
    serviceName,
    `'${path}' of service '${serviceName}' was given a promise as a part of a template; make the parts and the whole inside ` +
      'of one call: proxy.call((service) => …)',
  )
}

/** For what is used as if it were a value. */
export function notAValue(serviceName: string, member: Member): TypeError {
  return misuse(
    serviceName,
    `'${member.path}' of the guarded service '${serviceName}' has no value; read a property with ` +
      `proxy.call((service) => service.${member.path})`,
  )
}

/** For what would change the facade. */
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
