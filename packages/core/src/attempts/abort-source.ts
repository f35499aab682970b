/** Who hears of an abort: an object, so that an attempt can be its own listener. */
export interface AbortListener {
  /** The source has aborted. Called at most once. */
  handleEvent(): void
}

/**
 * What tells calls that their caller gave up. An `AbortSignal` is one; a binding may have something lighter, because to
 * make a signal for each request and listen to it costs more than the call itself.
 */
export interface AbortSource {
  /** Whether it has aborted. */
  readonly aborted: boolean
  /** What calls reject with when it aborts. */
  readonly reason: unknown
  /** Whether it is a deadline: what it ends has timed out, and its caller did not give up. @defaultValue false */
  readonly isDeadline?: boolean
  /** Called once for a call that waits; a listener that was added is told at most once. */
  addEventListener(type: 'abort', listener: AbortListener): void
  /** The listener is not told any more; does nothing for one that was not added. */
  removeEventListener(type: 'abort', listener: AbortListener): void
}

/** How an attempt ends that `source` ended. */
export function endBy(source: AbortSource | undefined): 'timeout' | 'aborted' {
  return source?.isDeadline === true ? 'timeout' : 'aborted'
}

/** The `AbortSignal` that says the same: for code that knows nothing else. Without a source it never aborts. */
export function toAbortSignal(source: AbortSource | undefined): AbortSignal {
  if (source instanceof AbortSignal) return source
  const controller = new AbortController()
  const handleEvent = (): void => controller.abort(source?.reason)
  if (source?.aborted === true) handleEvent()
  else source?.addEventListener('abort', { handleEvent })
  return controller.signal
}

/** `promise`, or a rejection with `signal.reason` as soon as it aborts. The listener is gone when this settles. */
export function unlessAborted<R>(promise: Promise<R>, signal: AbortSource): Promise<R> {
  return new Promise((resolve, reject) => {
    const listener = {
      handleEvent(): void {
        signal.removeEventListener('abort', listener)
        reject(signal.reason)
      },
    }
    if (signal.aborted) listener.handleEvent()
    else signal.addEventListener('abort', listener)
    promise.finally(() => signal.removeEventListener('abort', listener)).then(resolve, reject)
  })
}
