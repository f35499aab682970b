import type { Clock } from '@svcproxy/core'
import { systemClock } from '@svcproxy/core/adapter'

/** What a call of a {@link FaultyService} is given. */
export interface FaultyCall {
  /** The signal the caller passed on, if it did. */
  readonly signal: AbortSignal | undefined
  /** The clock of the service, for behaviours that take time. */
  readonly clock: Clock
}

/** How a service answers one call: with a value, a promise, or a throw. */
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

/** Throws `error` synchronously, as a client does that checks its arguments. */
export function throws(error: unknown = new Error('the service threw')): Behaviour {
  return () => {
    throw error
  }
}

/** Never answers, not even when it is aborted. */
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

/** Takes `delayMs` on the clock, then behaves as `then` says. */
export function slows(delayMs: number, then: Behaviour = succeeds()): Behaviour {
  return (call) =>
    new Promise((resolve) => {
      call.clock.setTimer(() => resolve(new Promise((answer) => answer(then(call)))), delayMs)
    })
}

/** A time during which a service is down. */
export interface Outage {
  /** When it begins, from now, in milliseconds. @defaultValue 0: now */
  readonly inMs?: number
  /** How long it lasts, in milliseconds. @defaultValue Infinity: until {@link FaultyService.recover} */
  readonly forMs?: number
  /** How calls are answered meanwhile. @defaultValue they fail: the service is down */
  readonly behaviour?: Behaviour
}

/** A service that does what a test tells it to, and counts what is done to it. */
export interface FaultyService {
  /** Calls so far. */
  readonly calls: number
  /** Calls under way now. */
  readonly running: number
  /** The most calls that were ever under way at once. */
  readonly maxRunning: number
  /** Calls whose signal was aborted while they were under way. */
  readonly aborted: number
  /** How often {@link FaultyService.dispose} was called. */
  readonly disposals: number
  /** False during an outage. */
  readonly healthy: boolean
  /** Calls it. The signal is what `hangsUntilAborted` listens to. */
  call(context?: { readonly signal?: AbortSignal | undefined }): unknown
  /** Adds one to `disposals` and does nothing else. For a provider to call when it disposes the service. */
  dispose(): void
  /** How it answers from now on. */
  behave(behaviour: Behaviour): void
  /** How it answers the next calls, one each; after them it behaves as before. */
  next(...behaviours: readonly Behaviour[]): void
  /** Takes it down on a schedule: `die({ inMs: 10_000, forMs: 60_000 })`. */
  die(outage?: Outage): void
  /** Ends all outages, those to come included. */
  recover(): void
}

/** What a faulty service is made from. */
export interface FaultyServiceOptions {
  /** Time for `slows` and `die`. @defaultValue the system's clock */
  readonly clock?: Clock
  /** How it answers at first. @defaultValue it succeeds with `'value'` */
  readonly behaviour?: Behaviour
}

interface ScheduledOutage {
  readonly from: number
  readonly until: number
  readonly behaviour: Behaviour
}

/** A healthy service, until it is told otherwise. An outage comes before what was queued, and that before its habit. */
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
      // The caller has it, too.
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
