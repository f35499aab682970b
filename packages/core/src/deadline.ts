import type { Attempt, AttemptEnd, CallContext, Outcome } from './attempt.ts'
import type { Clock, Timer } from './clock.ts'
import { ServiceTimeoutError } from './errors.ts'
import { outsideRequests } from './outside-requests.ts'

/** Told how an attempt was answered, before the attempt itself is; says what that tells about the service. */
export interface AttemptObserver {
  /** @param result the value when `fulfilled`, else the error */
  settled(end: AttemptEnd, result: unknown, now: number): Outcome
}

/** Without a circuit every error is a failure; the caller's own abort says nothing, as with one. */
const UNOBSERVED: AttemptObserver = {
  settled(end) {
    if (end === 'fulfilled') return 'success'
    return end === 'aborted' ? 'ignored' : 'failure'
  },
}

/**
 * Runs attempts under one deadline. All attempts of a proxy share the same `timeoutMs`, so they come due in the order
 * they started: a linked list and one timer for its head do, where a timer per attempt would cost three times as much.
 * The timer is armed while attempts are under way and goes quiet with them.
 */
export class DeadlineQueue {
  readonly timeoutMs: number
  readonly clock: Clock
  readonly #serviceName: string
  #first: Due | undefined
  #last: Due | undefined
  #timer: Timer | undefined
  #closed = false

  constructor(serviceName: string, timeoutMs: number, clock: Clock) {
    this.#serviceName = serviceName
    this.timeoutMs = timeoutMs
    this.clock = clock
  }

  /**
   * Runs `attempt` at once. Rejects with what the operation rejected with, unchanged; with
   * {@link ServiceTimeoutError} at the deadline; with the caller's `signal.reason` when the caller aborts.
   */
  run<R>(attempt: Attempt<R>, observer: AttemptObserver = UNOBSERVED): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      new Run(this, attempt, observer).start(resolve, reject)
    })
  }

  /** No attempt follows: the timer ends with the last one under way. */
  close(): void {
    this.#closed = true
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
    if (this.#closed) this.#quieten()
  }

  #quieten(): void {
    if (this.#first !== undefined) return
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #arm(delayMs: number): void {
    this.#timer = outsideRequests(() => this.clock.setTimer(() => this.#expireDue(), delayMs))
  }

  #expireDue(): void {
    this.#timer = undefined
    const now = this.clock.now()
    for (let run = this.#first; run !== undefined && run.dueAt <= now; run = this.#first) {
      run.expire(new ServiceTimeoutError(this.#serviceName, this.timeoutMs), now)
    }
    // An attempt started by what we just told may have armed it again.
    if (this.#first !== undefined && this.#timer === undefined) this.#arm(this.#first.dueAt - now)
  }
}

/** An entry of the queue. */
interface Due {
  previous: Due | undefined
  next: Due | undefined
  readonly dueAt: number
  expire(error: ServiceTimeoutError, now: number): void
}

/** One attempt under way: an entry of the queue and, for the operation, its context. */
class Run<R> implements CallContext, Due {
  previous: Due | undefined
  next: Due | undefined
  readonly #queue: DeadlineQueue
  readonly #attempt: Attempt<R>
  readonly #observer: AttemptObserver
  #resolve!: (value: R) => void
  #reject!: (reason: unknown) => void
  #controller: AbortController | undefined
  #abortReason: unknown
  #state: 'running' | 'settled' | 'aborted' = 'running'

  constructor(queue: DeadlineQueue, attempt: Attempt<R>, observer: AttemptObserver) {
    this.#queue = queue
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
    try {
      result = this.#attempt.run(this)
    } catch (error) {
      this.#fail(error)
      return
    }
    // Also for plain values and foreign thenables: a synchronous service behaves as an asynchronous one.
    Promise.resolve(result).then(
      (value) => this.#succeed(value),
      (error: unknown) => this.#fail(error),
    )
  }

  /** The deadline passed. */
  expire(error: ServiceTimeoutError, now: number): void {
    this.#abandon('timeout', error, now)
  }

  /** The caller aborted: this object is the listener itself, which saves a closure a call. */
  handleEvent(): void {
    if (this.#state === 'running') this.#abandon('aborted', this.#attempt.signal?.reason, this.#queue.clock.now())
  }

  #succeed(value: Awaited<R>): void {
    this.#attempt.ended?.()
    if (this.#state !== 'running') return
    this.#state = 'settled'
    this.#settle('fulfilled', value, this.#queue.clock.now())
    this.#resolve(value)
  }

  #fail(error: unknown): void {
    this.#attempt.ended?.()
    if (this.#state !== 'running') return
    this.#state = 'settled'
    this.#settle('rejected', error, this.#queue.clock.now())
    this.#reject(error)
  }

  /** Answers the caller while the work is still going on, then tells the work to stop. */
  #abandon(end: 'timeout' | 'aborted', reason: unknown, now: number): void {
    this.#state = 'aborted'
    this.#abortReason = reason
    this.#settle(end, reason, now)
    this.#reject(reason)
    this.#controller?.abort(reason)
  }

  #settle(end: AttemptEnd, result: unknown, now: number): void {
    this.#queue.remove(this)
    this.#attempt.signal?.removeEventListener('abort', this)
    const outcome = this.#observer.settled(end, result, now)
    this.#attempt.settled?.(end, result, now, outcome)
  }
}
