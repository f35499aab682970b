/** Is notified of an abort: an object, so that an attempt can be its own listener. */
export interface AbortListener {
  /** The source has aborted. Called at most once. */
  handleEvent(): void
}

/**
 * Tells calls that their caller has aborted. An `AbortSignal` is one. A binding may use something lighter, because
 * creating a signal for each request and listening to it costs more than the call itself.
 */
export interface AbortSource {
  /** Whether it has aborted. */
  readonly aborted: boolean
  /** The reason with which calls reject when it aborts. */
  readonly reason: unknown
  /** Whether it is a deadline: what it ends has timed out and was not aborted by its caller. @defaultValue false */
  readonly isDeadline?: boolean
  /** Adds a listener; it is called at most once. */
  addEventListener(type: 'abort', listener: AbortListener): void
  /** Removes a listener; does nothing if it was not added. */
  removeEventListener(type: 'abort', listener: AbortListener): void
}

/** How an attempt ends that `source` ended. */
export function endBy(source: AbortSource | undefined): 'timeout' | 'aborted' {
  return source?.isDeadline === true ? 'timeout' : 'aborted'
}

/** An `AbortSignal` that aborts with `source`, for code that needs a real one. Without a source it never aborts. */
export function toAbortSignal(source: AbortSource | undefined): AbortSignal {
  if (source instanceof AbortSignal) return source
  const controller = new AbortController()
  const handleEvent = (): void => controller.abort(source?.reason)
  if (source?.aborted === true) handleEvent()
  else source?.addEventListener('abort', { handleEvent })
  return controller.signal
}

/**
 * Settles as `promise` does, or rejects with `signal.reason` as soon as it aborts. The listener is removed when it
 * settles.
 */
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
