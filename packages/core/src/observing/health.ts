import { atMost } from '../at-most.ts'
import { outsideRequests } from '../outside-requests.ts'
import type { Clock, Timer } from '../clock.ts'

/** How long the result of a health check is reused, in milliseconds: probes come in bursts. */
const RESULT_LIFE_MS = 1_000

/** What a health check found. */
export interface HealthResult {
  readonly healthy: boolean
  /** {@link Clock.now} when it was found. */
  readonly at: number
}

export interface HealthCheckOptions {
  readonly clock: Clock
  /** Resolves when the service is healthy, rejects when it is not. */
  readonly ask: () => Promise<void>
  /** Called when a result differs from the one before; the first is compared with healthy. */
  readonly onChange: (healthy: boolean) => void
}

/** Runs one check at a time and at most one per second, however many callers ask. Never rejects. */
export class HealthCheck {
  readonly #options: HealthCheckOptions
  #last: HealthResult | undefined
  #asking: Promise<boolean> | undefined

  constructor(options: HealthCheckOptions) {
    this.#options = options
  }

  /** The last result, of any age. */
  get last(): HealthResult | undefined {
    return this.#last
  }

  /**
   * Whether the service is healthy; false if there is no result within `waitMs`, though the check goes on for callers
   * that wait longer.
   */
  async check(waitMs: number): Promise<boolean> {
    const { clock } = this.#options
    if (this.#last !== undefined && clock.now() < this.#last.at + RESULT_LIFE_MS) return this.#last.healthy
    this.#asking ??= this.#askOnce()
    return (await atMost(this.#asking, waitMs, clock)) ?? false
  }

  /** Records a result from elsewhere: the background monitor's. */
  record(healthy: boolean): void {
    const before = this.#last?.healthy ?? true
    this.#last = { healthy, at: this.#options.clock.now() }
    if (healthy !== before) this.#options.onChange(healthy)
  }

  async #askOnce(): Promise<boolean> {
    // Its result is for all callers, and a connection that it opens outlives the first of them.
    const healthy = await outsideRequests(() => this.#options.ask()).then(
      () => true,
      () => false,
    )
    this.#asking = undefined
    this.record(healthy)
    return healthy
  }
}

/** Repeats `work` every `intervalMs`, counted from the end of the previous run, until it is stopped. */
export class BackgroundMonitor {
  readonly #clock: Clock
  readonly #intervalMs: number
  readonly #work: () => Promise<void>
  #timer: Timer | undefined
  #stopped = false

  constructor(clock: Clock, intervalMs: number, work: () => Promise<void>) {
    this.#clock = clock
    this.#intervalMs = intervalMs
    this.#work = work
    this.#schedule()
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  #schedule(): void {
    if (this.#stopped) return
    const again = (): void => this.#schedule()
    const work = (): void => void this.#work().then(again, again)
    this.#timer = outsideRequests(() => this.#clock.setTimer(work, this.#intervalMs))
  }
}
