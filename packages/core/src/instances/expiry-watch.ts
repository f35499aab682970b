import type { Clock, Timer } from '../clock.ts'
import { outsideRequests } from '../outside-requests.ts'

/** Something that expires, and is notified shortly before. */
export interface Expiring {
  /** When its time is over: {@link Clock.now}. */
  readonly freshUntil: number
  /** True while it is far from expiring: then the clock need not be read. */
  farFromEnd: boolean
}

/**
 * How long before its end something reads the clock again, in milliseconds. If the event loop blocks for longer than
 * this just before the end, expiry is late by the rest.
 */
const NEAR_MS = 2_000
/** Ends are grouped by the second, so that a thousand of them are a few sets. */
const BUCKET_MS = 1_000

/**
 * Notifies cached instances that are about to expire. Reading the clock costs as much as the rest of a cached `get()`;
 * so `get()` does not read it while the end is far, and reads it exactly when the end is near. One timer serves all
 * caches that share a clock.
 */
export class ExpiryWatch {
  readonly #clock: Clock
  /** By the second in which their end is near. */
  readonly #buckets = new Map<number, Set<Expiring>>()
  #timer: Timer | undefined
  #wakesAt = Infinity

  constructor(clock: Clock) {
    this.#clock = clock
  }

  add(expiring: Expiring): void {
    const bucket = bucketOf(expiring)
    if (bucket * BUCKET_MS <= this.#clock.now()) return
    expiring.farFromEnd = true
    if (bucket === Infinity) return
    const members = this.#buckets.get(bucket) ?? new Set()
    this.#buckets.set(bucket, members.add(expiring))
    if (bucket * BUCKET_MS < this.#wakesAt) this.#wakeAt(bucket * BUCKET_MS)
  }

  remove(expiring: Expiring): void {
    expiring.farFromEnd = false
    const bucket = bucketOf(expiring)
    const members = this.#buckets.get(bucket)
    members?.delete(expiring)
    if (members?.size === 0) this.#buckets.delete(bucket)
    if (this.#buckets.size === 0) this.#sleep()
  }

  #wake(): void {
    this.#sleep()
    const now = this.#clock.now()
    let next = Infinity
    for (const [bucket, members] of this.#buckets) {
      if (bucket * BUCKET_MS > now) {
        next = Math.min(next, bucket * BUCKET_MS)
        continue
      }
      for (const expiring of members) expiring.farFromEnd = false
      this.#buckets.delete(bucket)
    }
    if (next < Infinity) this.#wakeAt(next)
  }

  #wakeAt(at: number): void {
    this.#sleep()
    this.#wakesAt = at
    this.#timer = outsideRequests(() => this.#clock.setTimer(() => this.#wake(), at - this.#clock.now()))
  }

  #sleep(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#wakesAt = Infinity
  }
}

/** The second in which its end is near; Infinity if it has no end. */
function bucketOf({ freshUntil }: Expiring): number {
  return Math.floor((freshUntil - NEAR_MS) / BUCKET_MS)
}

const watches = new WeakMap<Clock, ExpiryWatch>()

/** The watch of all caches on this clock. */
export function expiryWatchOf(clock: Clock): ExpiryWatch {
  const known = watches.get(clock)
  if (known !== undefined) return known
  const watch = new ExpiryWatch(clock)
  watches.set(clock, watch)
  return watch
}
