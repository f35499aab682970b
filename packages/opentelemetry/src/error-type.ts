import { isSvcproxyError } from '@svcproxy/core'
import type { CallTrace } from '@svcproxy/core/adapter'

/** What the semantic conventions call an error whose type nobody can tell. */
const UNTYPED = '_OTHER'

/**
 * The `error.type` of a call whose failure reached its caller: the code of this library's errors, the class of others.
 * Undefined when it did not fail, when a fallback answered, and when the error says nothing about the service.
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
  // The class, not the `name`: that one may come with an answer of the service, and be any text.
  return error.constructor.name || UNTYPED
}
