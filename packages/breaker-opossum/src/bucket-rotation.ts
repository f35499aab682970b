import { AsyncLocalStorage } from 'node:async_hooks'
import { EventEmitter } from 'node:events'
import type CircuitBreaker from 'opossum'
import type { StatisticsWindow } from './statistics-window.ts'

/** How long one bucket of opossum's rolling statistics is filled, in milliseconds; ten of them make its window. */
const BUCKET_MS = 1_000
const BUCKETS = 10

/** The timer belongs to no request: it must not retain the async context of the one that started it. */
const outsideRequests = AsyncLocalStorage.snapshot()

/**
 * One timer that turns the statistics of many breakers, in place of one or two timers for each. It runs while a window
 * holds anything, for turning an empty one changes nothing, and never keeps the process alive.
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
 * The buckets of one breaker, as what opossum calls a `rotateBucketController`: it puts a new bucket in place of the
 * oldest when this says `rotate`. One for each breaker, so that each is turned only while it has something to forget.
 */
export class Buckets extends EventEmitter implements StatisticsWindow {
  readonly #rotation: BucketRotation
  /** How many turns it takes until the window is empty. */
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
      // They would sort every latency of the window whenever somebody reads `stats`.
      rollingPercentilesEnabled: false,
      rollingCountTimeout: BUCKETS * BUCKET_MS,
      rollingCountBuckets: BUCKETS,
      rotateBucketController: this,
    }
  }

  /** Something is being counted in the newest bucket. */
  fill(): void {
    // opossum takes its listener away when it shuts down: what ends later is not counted any more.
    if (this.#turnsLeft === 0 && this.listenerCount('rotate') > 0) this.#rotation.start(this)
    this.#turnsLeft = BUCKETS
  }

  turn(): void {
    this.emit('rotate')
    this.#turnsLeft--
    if (this.#turnsLeft === 0) this.#rotation.stop(this)
  }

  /** No turn follows. */
  end(): void {
    this.#rotation.stop(this)
  }
}
