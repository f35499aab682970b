import type { InstanceLifetimes } from '../instances/instance-lifetimes.ts'
import type { ServiceContext } from '../instances/service-context.ts'
import type { CallQueue } from './call-queue.ts'
import type { Retries } from './retries.ts'

/** An abandoned call: its caller was answered, but its work may never end, and it still occupies a slot. */
export interface GivenUpCall {
  readonly startedAt: number
  /** Frees its slot, though its work may still be running. */
  writeOff(): void
}

/** The longest pause between two calls that are let through, as a fraction of the duration of the outage. */
const PROBE_PAUSE_RATIO = 0.1

/** The abandoned calls that are still running and not written off. */
class GivenUpCalls {
  readonly calls = new Set<GivenUpCall>()
  /** Since when they have occupied all slots. */
  blockedSince: number | undefined
  nextProbeAt = 0
}

/**
 * Counts the slots of a proxy's calls (`maxConcurrentCalls`). A call keeps its slot until its work has ended, even if
 * its caller was answered at the deadline: the service is still busy with it. But abandoned work may never end. So it
 * blocks other calls only until the service is seen to answer: when a call that began later succeeds, its slot is
 * written off.
 */
export class CallLedger<T> {
  readonly context: ServiceContext<T>
  readonly lifetimes: InstanceLifetimes<T>
  /** The number of slots in use. */
  runningCalls = 0
  /** Created with the first. */
  #givenUp: GivenUpCalls | undefined
  /** Created with the first call that has to wait for a slot. */
  declare queue?: CallQueue
  /** Created with the first call that may be retried. */
  declare retries?: Retries

  constructor(context: ServiceContext<T>, lifetimes: InstanceLifetimes<T>) {
    this.context = context
    this.lifetimes = lifetimes
  }

  /** A slot is free: the next waiting call gets it, unless more slots are in use than there are. */
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

  /**
   * A call that began at `startedAt` succeeded: the service answers again, so older abandoned calls are written off.
   */
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
   * Whether a call beyond the limit has to be rejected. When abandoned calls occupy all slots, no other call is left to
   * show that the service answers again; so one call is let through from time to time. The pauses grow with the outage:
   * few calls are added to those that hang, and the recovery takes only a fraction of the outage.
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
