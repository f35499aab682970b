/** Counts the latest calls, and how many of them were bad. Time is an argument; nothing is allocated for a call. */
export interface OutcomeWindow {
  add(isBad: boolean, now: number): void
  /** Leaves out what is too old at `now`. To be called before the counts are read. */
  moveTo(now: number): void
  readonly calls: number
  readonly bad: number
}

/** A time window consists of so many buckets, each of which leaves it as a whole. */
export const BUCKETS = 10

class Bucket {
  calls = 0
  bad = 0
  next: Bucket = this
}

/** The calls of the last `windowMs`, to a tenth of it: a ring of buckets. */
export class TimeWindow implements OutcomeWindow {
  calls = 0
  bad = 0
  readonly #bucketMs: number
  /** The one that is written to; the next one in the ring is the oldest. */
  #bucket = ringOf(BUCKETS)
  /** Counts the buckets since the beginning of time. */
  #number = -Infinity

  constructor(windowMs: number) {
    this.#bucketMs = windowMs / BUCKETS
  }

  add(isBad: boolean, now: number): void {
    this.moveTo(now)
    const bucket = this.#bucket
    this.calls++
    bucket.calls++
    if (!isBad) return
    this.bad++
    bucket.bad++
  }

  moveTo(now: number): void {
    const number = Math.floor(now / this.#bucketMs)
    // However far the time has moved, there is no more to be left out than there is.
    const passed = Math.min(number - this.#number, BUCKETS)
    for (let count = 0; count < passed; count++) this.#beginBucket()
    if (passed > 0) this.#number = number
  }

  #beginBucket(): void {
    const bucket = (this.#bucket = this.#bucket.next)
    this.calls -= bucket.calls
    this.bad -= bucket.bad
    bucket.calls = 0
    bucket.bad = 0
  }
}

function ringOf(size: number): Bucket {
  const first = new Bucket()
  let last = first
  for (let count = 1; count < size; count++) last = last.next = new Bucket()
  last.next = first
  return first
}

/** The last `size` calls: a ring of bits. */
export class CallWindow implements OutcomeWindow {
  calls = 0
  bad = 0
  readonly #size: number
  readonly #isBad: Uint8Array
  #next = 0

  constructor(size: number) {
    this.#size = size
    this.#isBad = new Uint8Array(Math.ceil(size / 8))
  }

  add(isBad: boolean): void {
    const byte = this.#next >> 3
    const bit = 1 << (this.#next & 7)
    const bits = this.#isBad[byte] ?? 0
    if (this.calls === this.#size) {
      if ((bits & bit) !== 0) this.bad--
    } else {
      this.calls++
    }
    this.#isBad[byte] = isBad ? bits | bit : bits & ~bit
    if (isBad) this.bad++
    this.#next = (this.#next + 1) % this.#size
  }

  moveTo(): void {}
}
