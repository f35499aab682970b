import { isSvcproxyError } from '@svcproxy/core'
import type { CallTrace } from '@svcproxy/core/adapter'

/** The value of the semantic conventions for an error of unknown type. */
const UNTYPED = '_OTHER'

/**
 * The `error.type` of a call whose failure reached its caller: the code of this library's errors, the class of others.
 * Undefined if it did not fail, if a fallback answered, or if the error says nothing about the service.
 */
export function errorTypeOf({ outcome, source, error }: CallTrace): string | undefined {
  const isFailure = outcome === 'failure' || outcome === 'timeout' || outcome === 'rejected'
  if (!isFailure || source === 'fallback') return undefined
  return classOf(error)
}

/** The code of this library's errors, the class of others. */
export function classOf(error: unknown): string {
  if (isSvcproxyError(error)) return error.code
  if (!(error instanceof Error)) return UNTYPED
  // The class, not the `name`: the name may come from a response of the service, and be any text.
  return error.constructor.name || UNTYPED
}
