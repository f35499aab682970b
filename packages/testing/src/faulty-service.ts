import type { Clock } from '@svcproxy/core'
import { systemClock } from '@svcproxy/core/adapter'

/** The argument of a {@link Behaviour}. */
export interface FaultyCall {
  /** The signal that the caller passed on, if it did. */
  readonly signal: AbortSignal | undefined
  /** The clock of the service, for behaviours that take time. */
  readonly clock: Clock
}

/** How a service answers a call: it returns a value or a promise, or throws. */
export type Behaviour = (call: FaultyCall) => unknown

/** Answers with `value`. */
export function succeeds(value: unknown = 'value'): Behaviour {
  return async () => value
}

/** Rejects with `error`. */
export function fails(error: unknown = new Error('the service failed')): Behaviour {
  return async () => {
    throw error
  }
}

/** Throws `error` synchronously, like a client that checks its arguments. */
export function throws(error: unknown = new Error('the service threw')): Behaviour {
  return () => {
    throw error
  }
}

/** Never answers, not even when the call is aborted. */
export function hangs(): Behaviour {
  return () => new Promise(() => {})
}

/** Answers only when its signal aborts: it rejects with the signal's reason. */
export function hangsUntilAborted(): Behaviour {
  return ({ signal }) =>
    new Promise((_, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
      if (signal?.aborted === true) reject(signal.reason)
    })
}

/** Takes `delayMs` by the clock, then behaves like `then`. */
export function slows(delayMs: number, then: Behaviour = succeeds()): Behaviour {
  return (call) =>
    new Promise((resolve) => {
      call.clock.setTimer(() => resolve(new Promise((answer) => answer(then(call)))), delayMs)
    })
}

/** A time during which a service is down. */
export interface Outage {
  /** When it begins, in milliseconds from now. @defaultValue 0: now */
  readonly inMs?: number
  /** How long it lasts, in milliseconds. @defaultValue Infinity: until {@link FaultyService.recover} */
  readonly forMs?: number
  /** How calls are answered during the outage. @defaultValue they fail */
  readonly behaviour?: Behaviour
}

/** A service that does what a test tells it to do, and counts its calls. */
export interface FaultyService {
  /** The number of calls so far. */
  readonly calls: number
  /** The number of calls in flight now. */
  readonly running: number
  /** The highest number of calls that were in flight at once. */
  readonly maxRunning: number
  /** The number of calls whose signal aborted while they were in flight. */
  readonly aborted: number
  /** How often {@link FaultyService.dispose} was called. */
  readonly disposals: number
  /** Whether it is healthy: false during an outage. */
  readonly healthy: boolean
  /** Calls the service. `hangsUntilAborted` listens to the signal. */
  call(context?: { readonly signal?: AbortSignal | undefined }): unknown
  /** Counts a disposal and does nothing else. A provider calls it when it disposes the service. */
  dispose(): void
  /** Sets how it answers from now on. */
  behave(behaviour: Behaviour): void
  /** Sets how it answers the next calls, one behaviour per call; after that it behaves as before. */
  next(...behaviours: readonly Behaviour[]): void
  /** Schedules an outage: `die({ inMs: 10_000, forMs: 60_000 })`. */
  die(outage?: Outage): void
  /** Ends all outages, including future ones. */
  recover(): void
}

/** Options of {@link faultyService}. */
export interface FaultyServiceOptions {
  /** The clock for `slows` and `die`. @defaultValue the system's clock */
  readonly clock?: Clock
  /** How it answers at first. @defaultValue it succeeds with `'value'` */
  readonly behaviour?: Behaviour
}

interface ScheduledOutage {
  readonly from: number
  readonly until: number
  readonly behaviour: Behaviour
}

/**
 * Creates a service that is healthy until it is told otherwise. An outage takes precedence over `next`, and `next` over
 * `behave`.
 */
export function faultyService({
  clock = systemClock,
  behaviour = succeeds(),
}: FaultyServiceOptions = {}): FaultyService {
  let habit = behaviour
  let outages: ScheduledOutage[] = []
  const queue: Behaviour[] = []
  const count = { calls: 0, running: 0, maxRunning: 0, aborted: 0, disposals: 0 }

  const outage = () => outages.find(({ from, until }) => from <= clock.now() && clock.now() < until)

  async function watch(answer: unknown, signal: AbortSignal | undefined): Promise<void> {
    count.running++
    count.maxRunning = Math.max(count.maxRunning, count.running)
    const onAbort = () => count.aborted++
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      await answer
    } catch {
      // The caller gets the error, too.
    } finally {
      count.running--
      signal?.removeEventListener('abort', onAbort)
    }
  }

  return {
    get calls() {
      return count.calls
    },
    get running() {
      return count.running
    },
    get maxRunning() {
      return count.maxRunning
    },
    get aborted() {
      return count.aborted
    },
    get disposals() {
      return count.disposals
    },
    get healthy() {
      return outage() === undefined
    },
    call({ signal } = {}) {
      count.calls++
      const answerNow = outage()?.behaviour ?? queue.shift() ?? habit
      const answer = answerNow({ signal, clock })
      void watch(answer, signal)
      return answer
    },
    dispose() {
      count.disposals++
    },
    behave(next) {
      habit = next
    },
    next(...behaviours) {
      queue.push(...behaviours)
    },
    die({ inMs = 0, forMs = Infinity, behaviour: down = fails(new Error('the service is down')) } = {}) {
      const from = clock.now() + inMs
      outages.push({ from, until: from + forMs, behaviour: down })
    },
    recover() {
      outages = []
    },
  }
}
