import { EventEmitter } from 'node:events'
import type { Clock } from '@svcproxy/core'
import CircuitBreaker from 'opossum'
import type { DecisionOptions } from './decision-options.ts'
import type { Evidence } from './judge.ts'
import type { StatisticsWindow } from './statistics-window.ts'

type Status = CircuitBreaker.Status & {
  increment?: (property: string, latencyMs?: number) => void
  rollingPercentilesEnabled?: boolean
}

/**
 * opossum's rolling window, rotated by a clock instead of a timer: before anything is counted or read, it is rotated as
 * often as opossum's timer would have done by then. So it is right at every moment, and needs no timer.
 */
export class ClockedWindow implements StatisticsWindow, Evidence {
  readonly #decision: DecisionOptions
  readonly #clock: Clock
  readonly #bucketMs: number
  readonly #warmUntil: number
  readonly #turning = new EventEmitter()
  readonly #status: Status
  /** The statistics of opossum's class, which has accessors for them. */
  readonly #class: object
  #startedAt: number
  #turns = 0
  #skipping = false

  /**
   * @param startedAt when a plain opossum breaker would have been created: its buckets and its warm-up count from here
   */
  constructor(decision: DecisionOptions, clock: Clock, startedAt: number) {
    const { rollingCountTimeout, rollingCountBuckets, rollingPercentilesEnabled, allowWarmUp } = decision
    this.#decision = decision
    this.#clock = clock
    this.#startedAt = startedAt
    this.#warmUntil = allowWarmUp ? startedAt + rollingCountTimeout : -Infinity
    this.#bucketMs = Math.floor(rollingCountTimeout / rollingCountBuckets)
    this.#status = CircuitBreaker.newStatus({
      rollingCountTimeout,
      rollingCountBuckets,
      rollingPercentilesEnabled,
      enableSnapshots: false,
      rotateBucketController: this.#turning,
    })
    this.#class = Reflect.getPrototypeOf(this.#status) ?? {}
    const { increment } = this.#status
    Object.defineProperties(this.#status, {
      stats: { get: () => this.#turned('stats') },
      window: { get: () => this.#turned('window') },
      increment: {
        value: (property: string, latencyMs?: number) => {
          if (!this.#skipping) Reflect.apply(increment ?? ignore, this.#status, [property, latencyMs])
          this.#skipping = false
        },
      },
    })
  }

  get options(): CircuitBreaker.Options {
    const { allowWarmUp: _, ...shown } = this.#decision
    return { ...shown, status: this.#status }
  }

  get warmUp(): boolean {
    return this.#clock.now() < this.#warmUntil
  }

  /** opossum's statistics without percentiles: sorting the latencies at each failure would take milliseconds. */
  get counts(): CircuitBreaker.Stats {
    const status = this.#status
    status.rollingPercentilesEnabled = false
    const { stats } = status
    status.rollingPercentilesEnabled = this.#decision.rollingPercentilesEnabled
    return stats
  }

  fill(): void {
    this.#turn()
  }

  /** The next event is emitted but not counted. opossum counts an event before anybody else hears of it. */
  skip(): void {
    this.#skipping = true
  }

  /** Empties the window; its first bucket begins at `now`. */
  empty(now: number): void {
    this.#startedAt = now
    this.#turns = 0
    this.#rotate(this.#decision.rollingCountBuckets)
  }

  end(): void {}

  #turned(property: 'stats' | 'window'): unknown {
    this.#turn()
    return Reflect.get(this.#class, property, this.#status)
  }

  #turn(): void {
    const turns = Math.floor((this.#clock.now() - this.#startedAt) / this.#bucketMs)
    if (turns === this.#turns) return
    this.#rotate(Math.min(turns - this.#turns, this.#decision.rollingCountBuckets))
    this.#turns = turns
  }

  #rotate(times: number): void {
    for (let turned = 0; turned < times; turned++) this.#turning.emit('rotate')
  }
}

function ignore(): void {}
