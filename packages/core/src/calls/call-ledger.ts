import type { InstanceLifetimes } from '../instances/instance-lifetimes.ts'
import type { ServiceContext } from '../instances/service-context.ts'
import type { CallQueue } from './call-queue.ts'
import type { Retries } from './retries.ts'

/** A call that was given up, whose work may never end, and which holds a place all the same. */
export interface GivenUpCall {
  readonly startedAt: number
  /** Its place is free from now on, though its work may still run. */
  writeOff(): void
}

/** The longest pause between two calls that are let through, as a part of the time that the trouble has lasted. */
const PROBE_PAUSE_RATIO = 0.1

/** Given up, still at work, and not written off. */
class GivenUpCalls {
  readonly calls = new Set<GivenUpCall>()
  /** Since when they have held all places. */
  blockedSince: number | undefined
  nextProbeAt = 0
}

/**
 * The places of a proxy's calls. A call keeps its place until its work has ended, also when its caller was answered at
 * the deadline: the service is still busy with it. But work that was given up may never end, so it holds others back only
 * until the service is seen to answer: when a call that began after it succeeds, its place is written off.
 */
export class CallLedger<T> {
  readonly context: ServiceContext<T>
  readonly lifetimes: InstanceLifetimes<T>
  /** The places that are taken. */
  runningCalls = 0
  /** Made with the first. */
  #givenUp: GivenUpCalls | undefined
  /** Made with the first call that has to wait for a place; no field before. */
  declare queue?: CallQueue
  /** Made with the first call that may be tried again; no field before. */
  declare retries?: Retries

  constructor(context: ServiceContext<T>, lifetimes: InstanceLifetimes<T>) {
    this.context = context
    this.lifetimes = lifetimes
  }

  /** A place is given back: whoever waits gets it, unless more were taken than there are. */
  placeLeft(): void {
    if (this.queue === undefined || !this.#givePlace(this.queue)) this.runningCalls--
  }

  #givePlace(queue: CallQueue): boolean {
    return this.runningCalls <= this.context.settings.calls.maxConcurrentCalls && queue.give()
  }

  giveUp(call: GivenUpCall, now: number): void {
    const givenUp = (this.#givenUp ??= new GivenUpCalls())
    givenUp.calls.add(call)
    const { maxConcurrentCalls } = this.context.settings.calls
    if (givenUp.blockedSince !== undefined || givenUp.calls.size < maxConcurrentCalls) return
    givenUp.blockedSince = now
    givenUp.nextProbeAt = now + this.#pauseMs(0)
  }

  /** Its work has ended after all. */
  forget(call: GivenUpCall): void {
    this.#givenUp?.calls.delete(call)
  }

  /** A call that began at `startedAt` succeeded: the service answers again, whatever became of the older ones. */
  succeeded(startedAt: number): void {
    if (this.#givenUp === undefined || this.#givenUp.calls.size === 0) return
    this.#givenUp.blockedSince = undefined
    for (const call of this.#givenUp.calls) {
      if (call.startedAt >= startedAt) continue
      this.#givenUp.calls.delete(call)
      call.writeOff()
    }
  }

  /**
   * Whether a call has to be refused that took one place too many. Where given-up calls hold all places nobody else is
   * left to show that the service answers again; so one call is let through from time to time. The pauses grow with the
   * time that the trouble lasts: few calls are added to those that hang, and the recovery takes a part of the outage.
   */
  isTooMuch(now: number): boolean {
    const { maxConcurrentCalls } = this.context.settings.calls
    if (this.runningCalls <= maxConcurrentCalls) return false
    const givenUp = this.#givenUp
    if (givenUp?.blockedSince === undefined || givenUp.calls.size < maxConcurrentCalls) return true
    if (now < givenUp.nextProbeAt) return true
    givenUp.nextProbeAt = now + this.#pauseMs(now - givenUp.blockedSince)
    return false
  }

  #pauseMs(blockedForMs: number): number {
    const { random, backoffInitialMs } = this.context.settings
    return random() * Math.max(backoffInitialMs, blockedForMs * PROBE_PAUSE_RATIO)
  }
}
