import { CircuitOpenError } from '@svcproxy/core'
import { now } from '../clock.ts'
import type { CallCounts, Pace } from './orders.ts'

/** Calls at an even pace, however long they take. */
export class PacedCalls {
  readonly #call: () => Promise<unknown>
  readonly #pace: Pace
  readonly #latencies: number[] = []
  readonly #running = new Set<Promise<void>>()
  #calls = 0
  #failed = 0
  #refused = 0
  #dueAt: number
  #timer: NodeJS.Timeout | undefined

  constructor(call: () => Promise<unknown>, pace: Pace) {
    this.#call = call
    this.#pace = pace
    this.#dueAt = pace.from
    this.#wait()
  }

  /** Waits for those that run. */
  async end(): Promise<CallCounts> {
    clearTimeout(this.#timer)
    await Promise.all(this.#running)
    const latencies = Float64Array.from(this.#latencies)
    return { calls: this.#calls, failed: this.#failed, refused: this.#refused, latencies }
  }

  #wait(): void {
    this.#timer = setTimeout(
      () => {
        for (; this.#dueAt <= now(); this.#dueAt += this.#pace.everyMs) this.#begin()
        this.#wait()
      },
      Math.max(0, this.#dueAt - now()),
    )
  }

  #begin(): void {
    const running: Promise<void> = this.#time().finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  async #time(): Promise<void> {
    this.#calls++
    const startedAt = now()
    try {
      await this.#call()
    } catch (error) {
      if (error instanceof CircuitOpenError) this.#refused++
      else this.#failed++
    }
    if (this.#pace.recordsLatencies) this.#latencies.push(now() - startedAt)
  }
}
