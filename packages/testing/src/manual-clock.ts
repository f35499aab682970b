import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock, Timer } from '@svcproxy/core'

/** Options of a {@link ManualClock}. */
export interface ManualClockOptions {
  /** The first {@link ManualClock.now}, in milliseconds. @defaultValue 1 000: not 0, which hides a missing value */
  readonly nowMs?: number
  /** The first {@link ManualClock.wallNow}, in milliseconds since the epoch. @defaultValue 2026-01-01T00:00:00Z */
  readonly wallMs?: number
}

interface ManualTimer extends Timer {
  readonly dueAt: number
  readonly callback: () => void
}

/** More timers than this in one advance are an endless loop of timers. */
const MAX_TIMERS_PER_ADVANCE = 1_000_000

/** A {@link Clock} that moves only when it is told to, so that a test of hours takes no time and is never flaky. */
export class ManualClock implements Clock {
  #now: number
  #wall: number
  /** In the order in which they are due; timers that are due at the same time in the order in which they were set. */
  readonly #timers: ManualTimer[] = []

  constructor({ nowMs = 1_000, wallMs = Date.UTC(2026, 0, 1) }: ManualClockOptions = {}) {
    this.#now = nowMs
    this.#wall = wallMs
  }

  /** The number of timers that are set and neither cancelled nor run. */
  get pendingTimers(): number {
    return this.#timers.length
  }

  /** Monotonic time, in milliseconds. Only `advance`, `advanceAsync` and `starve` move it. */
  now(): number {
    return this.#now
  }

  /** Wall-clock time, in milliseconds since the epoch. Moves with {@link ManualClock.now}, and with `stepWall`. */
  wallNow(): number {
    return this.#wall
  }

  /** Runs `callback` once, when time has advanced by `delayMs`; a negative delay counts as 0. */
  setTimer(callback: () => void, delayMs: number): Timer {
    const timer: ManualTimer = { callback, dueAt: this.#now + Math.max(0, delayMs), cancel: () => this.#remove(timer) }
    const later = this.#timers.findIndex(({ dueAt }) => dueAt > timer.dueAt)
    this.#timers.splice(later === -1 ? this.#timers.length : later, 0, timer)
    return timer
  }

  /**
   * Advances time by `ms` and runs the timers that become due, each at its own time and in order, including timers that
   * are set meanwhile. Promise continuations do not run: see {@link ManualClock.advanceAsync}.
   * @throws RangeError when `ms` is negative, or a million timers have run
   */
  advance(ms: number): void {
    const end = this.#endOf(ms)
    for (let count = 0; this.#runNext(end); count++) refuseEndless(count)
    this.#moveTo(end)
  }

  /** Like {@link ManualClock.advance}, but lets all promise continuations run before, between and after the timers. */
  async advanceAsync(ms: number): Promise<void> {
    await this.settle()
    const end = this.#endOf(ms)
    for (let count = 0; this.#runNext(end); count++) {
      refuseEndless(count)
      await this.settle()
    }
    this.#moveTo(end)
    await this.settle()
  }

  /**
   * Advances time by `ms` without running timers, as for a blocked event loop. Timers that became due run with the next
   * advance.
   * @throws RangeError when `ms` is negative
   */
  starve(ms: number): void {
    this.#moveTo(this.#endOf(ms))
  }

  /** Moves the wall clock by `ms`, which may be negative. Monotonic time and timers are not affected. */
  stepWall(ms: number): void {
    this.#wall += ms
  }

  /** Runs all promise continuations that can run without time moving on. Does not sleep. */
  async settle(): Promise<void> {
    await nextTurn()
  }

  #endOf(ms: number): number {
    if (!(ms >= 0)) throw new RangeError(`ms must be 0 or more, because a clock does not go back; received ${ms}`)
    return this.#now + ms
  }

  /** Runs the first timer that is due by `end`, at its own time; returns false if there is none. */
  #runNext(end: number): boolean {
    const [timer] = this.#timers
    if (timer === undefined || timer.dueAt > end) return false
    this.#timers.shift()
    this.#moveTo(timer.dueAt)
    timer.callback()
    return true
  }

  /** Never goes back: an overdue timer runs now. */
  #moveTo(now: number): void {
    if (now <= this.#now) return
    this.#wall += now - this.#now
    this.#now = now
  }

  #remove(timer: ManualTimer): void {
    const index = this.#timers.indexOf(timer)
    if (index !== -1) this.#timers.splice(index, 1)
  }
}

function refuseEndless(count: number): void {
  if (count >= MAX_TIMERS_PER_ADVANCE)
    throw new RangeError(
      `More than ${MAX_TIMERS_PER_ADVANCE} timers ran in one advance: probably timers set timers without end`,
    )
}
