import { endBy } from './abort-source.ts'
import type { Attempt, AttemptContext, AttemptEnd, CallContext, Outcome } from './attempt.ts'
import { enter, leave } from './call-signal.ts'
import type { Entered } from './call-signal.ts'
import type { Clock, Timer } from '../clock.ts'
import { ServiceTimeoutError } from '../errors.ts'
import { outcomeOf } from './outcome.ts'
import { outsideRequests } from '../outside-requests.ts'

/** Is notified of the end of an attempt before the attempt itself, and decides what the end says about the service. */
export interface AttemptObserver {
  /**
   * An attempt has ended. The returned outcome is passed on to {@link Attempt.settled}.
   * @param result the value when `fulfilled`, else the error
   * @param attempt the attempt that ended; it took `now - attempt.startedAt` milliseconds
   */
  settled(end: AttemptEnd, result: unknown, now: number, attempt: Attempt<unknown>): Outcome
  /** The second part of the attempt begins: its deadline counts from `now` again. */
  restarted?(now: number): void
}

/**
 * Without a circuit every error is a failure unless `isFailure` denies it. A caller's abort is ignored, as with a
 * circuit.
 */
const UNOBSERVED: AttemptObserver = {
  settled(end, result, _now, { isFailure }) {
    if (isFailure !== undefined) return outcomeOf(end, result, isFailure)
    if (end === 'fulfilled') return 'success'
    return end === 'aborted' ? 'ignored' : 'failure'
  },
}

/** The queues in use, by deadline. */
const queues = new WeakMap<Clock, Map<number, DeadlineQueue>>()

/**
 * Runs attempts under one deadline. Attempts with the same `timeoutMs` expire in the order in which they started,
 * whichever service they belong to. So a linked list with one timer for its head is enough. A timer per attempt would
 * cost three times as much, and a timer per service would mean a thousand timers for a thousand services. The timer is
 * armed only while attempts are in flight.
 */
export class DeadlineQueue implements Entered {
  readonly timeoutMs: number
  readonly clock: Clock
  #first: Due | undefined
  #last: Due | undefined
  #timer: Timer | undefined
  #users = 0
  /** The queue that the last attempt with its own deadline joined: the next one most likely needs the same. */
  #lastJoined: DeadlineQueue | undefined

  private constructor(timeoutMs: number, clock: Clock) {
    this.timeoutMs = timeoutMs
    this.clock = clock
  }

  /**
   * The queue of all attempts on `clock` with this deadline. Call {@link DeadlineQueue.leave} when it is no longer
   * needed.
   */
  static join(clock: Clock, timeoutMs: number): DeadlineQueue {
    const ofClock = queues.get(clock) ?? new Map<number, DeadlineQueue>()
    queues.set(clock, ofClock)
    const queue = ofClock.get(timeoutMs) ?? new DeadlineQueue(timeoutMs, clock)
    ofClock.set(timeoutMs, queue)
    queue.#users++
    return queue
  }

  /**
   * Runs `attempt` at once. Rejects with the operation's own error, unchanged; with {@link ServiceTimeoutError} at the
   * deadline; with the caller's `signal.reason` when the caller aborts.
   */
  run<R>(serviceName: string, attempt: Attempt<R>, observer: AttemptObserver = UNOBSERVED): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      new Run(this.#queueOf(attempt), serviceName, attempt, observer).start(resolve, reject)
    })
  }

  /** An attempt with its own deadline uses the queue of that deadline until it ends. */
  #queueOf({ timeoutMs }: Attempt<unknown>): DeadlineQueue {
    if (timeoutMs === undefined) return this
    const last = this.#lastJoined
    if (last?.timeoutMs !== timeoutMs || last.#users === 0) {
      return (this.#lastJoined = DeadlineQueue.join(this.clock, timeoutMs))
    }
    last.#users++
    return last
  }

  /**
   * The context of the attempt whose work is being started: the one added last, except those that this work has started
   * itself.
   */
  get enteredContext(): CallContext | undefined {
    let run = this.#last
    while (run !== undefined && run.entering === undefined) run = run.previous
    return run?.entering
  }

  /**
   * One user of the queue runs no more attempts. When all have left, the timer ends with the last attempt in flight.
   */
  leave(): void {
    if (--this.#users === 0) queues.get(this.clock)?.delete(this.timeoutMs)
    this.#quieten()
  }

  /** @internal */
  add(run: Due): void {
    const last = this.#last
    if (last === undefined) {
      this.#first = run
    } else {
      run.previous = last
      last.next = run
    }
    this.#last = run
    if (this.#timer === undefined) this.#arm(run.dueAt - this.clock.now())
  }

  /** @internal */
  remove(run: Due): void {
    const { previous, next } = run
    if (previous === undefined) this.#first = next
    else previous.next = next
    if (next === undefined) this.#last = previous
    else next.previous = previous
    run.previous = undefined
    run.next = undefined
    if (next === undefined) this.#quieten()
  }

  #quieten(): void {
    if (this.#users > 0 || this.#first !== undefined) return
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #arm(delayMs: number): void {
    this.#timer = outsideRequests(() => this.clock.setTimer(() => this.#expireDue(), delayMs))
  }

  #expireDue(): void {
    this.#timer = undefined
    const now = this.clock.now()
    try {
      for (let run = this.#first; run !== undefined && run.dueAt <= now; run = this.#first) run.expire(now)
    } finally {
      // Also when a breaker threw unexpectedly: the attempts of others must not hang because of it. The code we just
      // called may have started an attempt, which armed the timer again.
      if (this.#first !== undefined && this.#timer === undefined) this.#arm(this.#first.dueAt - now)
    }
  }
}

/** An entry of a {@link DeadlineQueue}. */
export interface Due {
  /** The context of its work while the synchronous part of the work runs. */
  readonly entering: CallContext | undefined
  previous: Due | undefined
  next: Due | undefined
  readonly dueAt: number
  expire(now: number): void
}

/** One attempt in flight: an entry of the queue and, for the operation, its context. */
class Run<R> implements AttemptContext, Due {
  previous: Due | undefined
  next: Due | undefined
  entering: CallContext | undefined
  readonly #queue: DeadlineQueue
  readonly #serviceName: string
  readonly #attempt: Attempt<R>
  readonly #observer: AttemptObserver
  #resolve!: (value: R) => void
  #reject!: (reason: unknown) => void
  #controller: AbortController | undefined
  #abortReason: unknown
  #state: 'running' | 'settled' | 'aborted' = 'running'

  constructor(queue: DeadlineQueue, serviceName: string, attempt: Attempt<R>, observer: AttemptObserver) {
    this.#queue = queue
    this.#serviceName = serviceName
    this.#attempt = attempt
    this.#observer = observer
  }

  get dueAt(): number {
    return this.#attempt.startedAt + this.#queue.timeoutMs
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#state === 'aborted') this.#controller.abort(this.#abortReason)
    }
    return this.#controller.signal
  }

  start(resolve: (value: R) => void, reject: (reason: unknown) => void): void {
    this.#resolve = resolve
    this.#reject = reject
    this.#queue.add(this)
    const callerSignal = this.#attempt.signal
    if (callerSignal !== undefined) {
      if (callerSignal.aborted) {
        this.handleEvent()
        return
      }
      // Linked by hand and unlinked in #settle: AbortSignal.any on a long-lived signal retains every call made with it.
      callerSignal.addEventListener('abort', this)
    }
    let result: R | PromiseLike<R>
    const outer = enter(this.#queue)
    this.entering = this
    try {
      result = this.#attempt.run(this)
    } catch (error) {
      this.#fail(error)
      return
    } finally {
      this.entering = undefined
      leave(outer)
    }
    // Also for plain values and foreign thenables: a synchronous service behaves as an asynchronous one.
    Promise.resolve(result).then(
      (value) => this.#succeed(value),
      (error: unknown) => this.#fail(error),
    )
  }

  restartDeadline(): void {
    if (this.#state !== 'running') return
    this.#queue.remove(this)
    this.#queue.add(this)
    this.#observer.restarted?.(this.#attempt.startedAt)
  }

  /** The deadline passed. */
  expire(now: number): void {
    this.#abandon('timeout', new ServiceTimeoutError(this.#serviceName, this.#queue.timeoutMs), now)
  }

  /**
   * The caller aborted, or the request timed out. This object is the listener itself, which saves a closure per call.
   */
  handleEvent(): void {
    const { signal } = this.#attempt
    if (this.#state === 'running') this.#abandon(endBy(signal), signal?.reason, this.#queue.clock.now())
  }

  #succeed(value: Awaited<R>): void {
    if (this.#state === 'running') {
      this.#state = 'settled'
      this.#settle('fulfilled', value, this.#queue.clock.now())
      this.#resolve(value)
    }
    this.#attempt.ended?.()
  }

  #fail(error: unknown): void {
    if (this.#state === 'running') {
      this.#state = 'settled'
      this.#settle('rejected', error, this.#queue.clock.now())
      this.#reject(error)
    }
    this.#attempt.ended?.()
  }

  /** Settles the caller's promise while the work is still running, then tells the work to stop. */
  #abandon(end: 'timeout' | 'aborted', reason: unknown, now: number): void {
    this.#state = 'aborted'
    this.#abortReason = reason
    this.#settle(end, reason, now)
    this.#reject(reason)
    this.#controller?.abort(reason)
  }

  #settle(end: AttemptEnd, result: unknown, now: number): void {
    this.#queue.remove(this)
    if (this.#attempt.timeoutMs !== undefined) this.#queue.leave()
    this.#attempt.signal?.removeEventListener('abort', this)
    const outcome = this.#observer.settled(end, result, now, this.#attempt)
    this.#attempt.settled?.(end, result, now, outcome)
  }
}
