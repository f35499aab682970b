import { type Clock, InvalidOptionError } from '@svcproxy/core'
import { systemClock } from '@svcproxy/core/adapter'
import type { HttpResponse } from '../message.ts'
import { checkTimeout } from '../option-checks.ts'
import { LATE, permissionWithin } from '../permission.ts'
import type { Access, ManagementOptions } from './options.ts'
import { refusal } from './responses.ts'

/** The options that decide about access. */
export type AccessOptions<R = unknown> = Pick<ManagementOptions<R>, 'authorize' | 'authorizeTimeoutMs' | 'challenge'>

/** Whether a request is allowed. */
export type AccessDecision =
  | {
      readonly allowed: true
      /** The name of the operator; null: `authorize` did not say. */
      readonly actor: string | null
    }
  | {
      readonly allowed: false
      /** The response to send: 401, 403 or 503. */
      readonly response: HttpResponse
    }

/** Asks `authorize`. Never rejects. `R` is the framework's own request. */
export type AccessGate<R> = (request: R, access: Access) => Promise<AccessDecision>

/**
 * The access check of {@link managementEndpoints}, for pages that show the same data. It fails closed: only `true` and
 * `{ actor }` let a request in.
 * @throws {@link InvalidOptionError}
 */
export function accessGate<R>(options: AccessOptions<R>): AccessGate<R> {
  return accessGateBy(options, systemClock)
}

/** {@link accessGate} with any clock. */
export function accessGateBy<R>(options: AccessOptions<R>, clock: Clock): AccessGate<R> {
  checkAccessOptions(options)
  const { authorize, authorizeTimeoutMs = 5_000, challenge = 'Bearer' } = options
  const refuse = (response: HttpResponse): AccessDecision => ({ allowed: false, response })

  return async (request, access) => {
    const said = await permissionWithin(authorizeTimeoutMs, clock, () => authorize(request, access))
    if (said === LATE) return refuse(refusal(503, 'The application did not decide in time whether this is allowed.'))
    if (said === 'unauthenticated') {
      return refuse(refusal(401, 'Authentication is required.', { 'WWW-Authenticate': challenge }))
    }
    const actor = actorOf(said)
    return actor === undefined ? refuse(refusal(403, 'This is not allowed.')) : { allowed: true, actor }
  }
}

/** Undefined: not allowed. An actor without a name is a mistake of the application: nobody could be held to account. */
function actorOf(said: unknown): string | null | undefined {
  if (said === true) return null
  if (typeof said !== 'object' || said === null) return undefined
  try {
    const { actor }: { actor?: unknown } = said
    return typeof actor === 'string' && actor !== '' ? actor : undefined
  } catch {
    return undefined
  }
}

function checkAccessOptions<R>(options: AccessOptions<R>): void {
  const { authorize, authorizeTimeoutMs, challenge } = options
  if (typeof authorize !== 'function') {
    throw new InvalidOptionError(
      'authorize',
      'a function that decides who may see and who may act; there is no default',
      authorize,
    )
  }
  checkTimeout('authorizeTimeoutMs', authorizeTimeoutMs)
  // A header value that is not printable ASCII would make the response itself fail.
  if (challenge !== undefined && !(typeof challenge === 'string' && /^[\x21-\x7e][\x20-\x7e]*$/.test(challenge))) {
    throw new InvalidOptionError(
      'challenge',
      'an authentication scheme in printable ASCII, optionally with parameters',
      challenge,
    )
  }
}
