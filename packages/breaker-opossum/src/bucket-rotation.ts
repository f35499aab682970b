import { AsyncLocalStorage } from 'node:async_hooks'
import { EventEmitter } from 'node:events'

/** How long one bucket of opossum's rolling statistics is filled, in milliseconds; ten of them make its window. */
export const BUCKET_MS = 1_000
export const BUCKETS = 10

/** The timer belongs to no request: it must not retain the async context of the one that made the first breaker. */
const outsideRequests = AsyncLocalStorage.snapshot()

/**
 * What opossum calls a `rotateBucketController`: one timer that turns the statistics of many breakers, in place of one
 * or two timers for each. It runs while there are breakers and never keeps the process alive.
 */
export class BucketRotation extends EventEmitter {
  #breakers = 0
  #timer: NodeJS.Timeout | undefined

  constructor() {
    super()
    // One listener a breaker is no leak, however many there are.
    this.setMaxListeners(0)
  }

  /** One more breaker. */
  join(): void {
    if (this.#breakers++ > 0) return
    this.#timer = outsideRequests(() => setInterval(() => this.emit('rotate'), BUCKET_MS).unref())
  }

  /** One breaker less. */
  leave(): void {
    if (--this.#breakers === 0) clearInterval(this.#timer)
  }
}
