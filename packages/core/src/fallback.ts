/** Gives an answer in place of the service's, or throws an error of its own. */
export type Fallback<R> = (error: unknown) => R | PromiseLike<R>

/** What `fallback` answers to `error`; its own error, if it throws one, has `error` as its cause. */
export async function answerInstead<R>(error: unknown, fallback: Fallback<R>): Promise<R> {
  try {
    return await fallback(error)
  } catch (fallbackError) {
    throw withCause(fallbackError, error)
  }
}

function withCause(error: unknown, cause: unknown): unknown {
  if (error instanceof Error && error !== cause && error.cause === undefined && Object.isExtensible(error)) {
    Object.defineProperty(error, 'cause', { value: cause, configurable: true, writable: true })
  }
  return error
}
