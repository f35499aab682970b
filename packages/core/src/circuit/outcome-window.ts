/** Counts the latest calls, and how many of them were bad. Time is passed in; nothing is allocated per call. */
export interface OutcomeWindow {
  add(isBad: boolean, now: number): void
  /** Drops what is too old at `now`. Call it before reading the counts. */
  moveTo(now: number): void
  readonly calls: number
  readonly bad: number
}

/** The number of buckets of a time window; each bucket is dropped as a whole. */
export const BUCKETS = 10

class Bucket {
  calls = 0
  bad = 0
  next: Bucket = this
}

/** The calls of the last `windowMs`, accurate to a tenth of it: a ring of buckets. */
export class TimeWindow implements OutcomeWindow {
  calls = 0
  bad = 0
  readonly #bucketMs: number
  /** The current bucket; the next one in the ring is the oldest. */
  #bucket = ringOf(BUCKETS)
  /** The number of the current bucket since time 0. */
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
    // However much time has passed, no more buckets can be dropped than there are.
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
