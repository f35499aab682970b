import { AsyncLocalStorage } from 'node:async_hooks'
import { EventEmitter } from 'node:events'
import type CircuitBreaker from 'opossum'
import type { StatisticsWindow } from './statistics-window.ts'

/** The length of one bucket of opossum's rolling window, in milliseconds; ten of them make the window. */
const BUCKET_MS = 1_000
const BUCKETS = 10

/** The timer belongs to no request: it must not retain the async context of the request that started it. */
const outsideRequests = AsyncLocalStorage.snapshot()

/**
 * One timer that rotates the statistics of many breakers, instead of one or two timers per breaker. It only runs while
 * a window has something in it, because rotating an empty window changes nothing. It never keeps the process alive.
 */
export class BucketRotation {
  readonly #turning = new Set<Buckets>()
  #timer: NodeJS.Timeout | undefined

  start(buckets: Buckets): void {
    this.#turning.add(buckets)
    this.#timer ??= outsideRequests(() => setInterval(() => this.#turn(), BUCKET_MS).unref())
  }

  stop(buckets: Buckets): void {
    this.#turning.delete(buckets)
    if (this.#turning.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #turn(): void {
    for (const buckets of this.#turning) buckets.turn()
  }
}

/**
 * The buckets of one breaker, in the form of opossum's `rotateBucketController`: opossum replaces the oldest bucket by
 * a new one when this emits `rotate`. There is one per breaker, so that each is rotated only while its window has
 * something in it.
 */
export class Buckets extends EventEmitter implements StatisticsWindow {
  readonly #rotation: BucketRotation
  /** How many rotations it takes until the window is empty. */
  #turnsLeft = 0

  constructor(rotation: BucketRotation) {
    super()
    this.#rotation = rotation
  }

  get warmUp(): boolean {
    return false
  }

  get options(): CircuitBreaker.Options {
    return {
      // They would sort every latency of the window each time somebody reads `stats`.
      rollingPercentilesEnabled: false,
      rollingCountTimeout: BUCKETS * BUCKET_MS,
      rollingCountBuckets: BUCKETS,
      rotateBucketController: this,
    }
  }

  /** Something is about to be counted in the newest bucket. */
  fill(): void {
    // opossum removes its listener when it shuts down: calls that end later are not counted.
    if (this.#turnsLeft === 0 && this.listenerCount('rotate') > 0) this.#rotation.start(this)
    this.#turnsLeft = BUCKETS
  }

  turn(): void {
    this.emit('rotate')
    this.#turnsLeft--
    if (this.#turnsLeft === 0) this.#rotation.stop(this)
  }

  /** No rotation follows. */
  end(): void {
    this.#rotation.stop(this)
  }
}
