import type { AbortListener, AbortSource } from '../attempts/abort-source.ts'
import type { DeadlineQueue, Due } from '../attempts/deadline.ts'
import { ServiceTimeoutError } from '../errors.ts'

/**
 * The deadline of a whole request. It takes the place of the caller's signal: all parts of the request listen to it,
 * and end when the time is up or the caller aborts.
 */
export class RequestTime implements AbortSource, AbortListener, Due {
  previous: Due | undefined
  next: Due | undefined
  /** No work runs on its behalf. */
  readonly entering = undefined
  readonly dueAt: number
  aborted = false
  isDeadline = false
  reason: unknown
  /** The caller's signal, if there is one. */
  readonly caller: AbortSource | undefined
  readonly #serviceName: string
  readonly #deadlines: DeadlineQueue
  readonly #listeners = new Set<AbortListener>()

  constructor(serviceName: string, deadlines: DeadlineQueue, startedAt: number, caller: AbortSource | undefined) {
    this.caller = caller
    this.dueAt = startedAt + deadlines.timeoutMs
    this.#serviceName = serviceName
    this.#deadlines = deadlines
    if (caller?.aborted === true) {
      this.aborted = true
      this.reason = caller.reason
      return
    }
    deadlines.add(this)
    caller?.addEventListener('abort', this)
  }

  addEventListener(_type: 'abort', listener: AbortListener): void {
    this.#listeners.add(listener)
  }

  removeEventListener(_type: 'abort', listener: AbortListener): void {
    this.#listeners.delete(listener)
  }

  /** The caller aborted. */
  handleEvent(): void {
    this.#abort(this.caller?.reason)
  }

  expire(): void {
    this.isDeadline = true
    this.#abort(new ServiceTimeoutError(this.#serviceName, this.#deadlines.timeoutMs))
  }

  /** The request has ended. */
  end(): void {
    if (this.aborted) return
    this.#deadlines.remove(this)
    this.caller?.removeEventListener('abort', this)
  }

  #abort(reason: unknown): void {
    this.end()
    this.aborted = true
    this.reason = reason
    for (const listener of this.#listeners) listener.handleEvent()
  }
}
