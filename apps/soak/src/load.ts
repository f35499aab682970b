import type { Caller } from './callers/caller.ts'
import type { Random } from './random.ts'
import { Ends } from './tally.ts'

/** Calls a second on each proxy. */
const RATE = 120
const TICK_MS = 20
/** What a stalled event loop may make up for at once. */
const MAX_BURST = 10
/** Callers that wait at once; one more is not made. Those of a service that hangs are fewer: 30. */
const MAX_OPEN = 80
/** How many callers leave, and after how long, in milliseconds: in the middle of a call that takes its time. */
const LEAVING_SHARE = 0.1
const LEAVE_MS = { from: 1, to: 150 }

/** A steady load on one proxy. Each call belongs to the window in which it began. */
export class Load {
  readonly #caller: Caller
  readonly #random: Random
  readonly #idCount: number
  readonly #ticking: NodeJS.Timeout
  readonly #open = new Set<Promise<void>>()
  #window = new Ends()
  readonly #startedAt = performance.now()
  #made = 0

  /** @param idCount ids are in 0 … idCount - 1 */
  constructor(caller: Caller, idCount: number, random: Random) {
    this.#caller = caller
    this.#idCount = idCount
    this.#random = random
    this.#ticking = setInterval(() => this.#tick(), TICK_MS)
  }

  /** What begins from now on belongs together. */
  openWindow(): Ends {
    this.#window = new Ends()
    return this.#window
  }

  /** Makes no more calls. Resolves when all were answered, or after `patienceMs`; returns how many were not. */
  async stop(patienceMs: number): Promise<number> {
    clearInterval(this.#ticking)
    let impatience: NodeJS.Timeout | undefined
    const patience = new Promise((resolve) => (impatience = setTimeout(resolve, patienceMs)))
    await Promise.race([Promise.all(this.#open), patience])
    clearTimeout(impatience)
    return this.#open.size
  }

  #tick(): void {
    const due = Math.floor(((performance.now() - this.#startedAt) * RATE) / 1_000)
    const burst = Math.min(due - this.#made, MAX_BURST)
    this.#made = due
    for (let call = 0; call < burst && this.#open.size < MAX_OPEN; call++) this.#callOnce()
  }

  #callOnce(): void {
    const window = this.#window
    const leaves = this.#random() < LEAVING_SHARE
    const leaveAfterMs = leaves ? LEAVE_MS.from + (LEAVE_MS.to - LEAVE_MS.from) * this.#random() : undefined
    window.begin()
    const calling = this.#caller.call(Math.floor(this.#random() * this.#idCount), leaveAfterMs).then((end) => {
      window.end(end)
      this.#open.delete(calling)
    })
    this.#open.add(calling)
  }
}
