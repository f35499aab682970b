// CHANGE (library): this stands for a library, so that the package runs. Import yours, and delete this file.
import { EventEmitter } from 'node:events'

/** What is emitted, with its arguments. */
export interface TemplateEvents {
  /** A call was answered. */
  success: [latencyMs: number]
  /** A call failed, and its error is a failure of the service. */
  failure: [error: unknown, latencyMs: number]
  /** A call was refused: the service was not asked. */
  refusal: []
  /** It is in another state now. */
  state: [state: string]
}

/** How many calls ended how. */
export interface TemplateCounts {
  /** Answered. */
  readonly successes: number
  /** Failed. */
  readonly failures: number
  /** Refused. */
  readonly refusals: number
}

/** The circuit of one service as the library shows it: its state, its counts, its events. */
export class TemplateCircuit extends EventEmitter<TemplateEvents> {
  /** The service's. */
  readonly name: string
  #state = 'closed'
  #counts: TemplateCounts = { successes: 0, failures: 0, refusals: 0 }

  /** @param name the service's */
  constructor(name: string) {
    super()
    this.name = name
  }

  /** `closed`, `open`, `half_open` or `isolated`. */
  get state(): string {
    return this.#state
  }

  /** Since it was made. */
  get counts(): TemplateCounts {
    return this.#counts
  }

  /** Enters a state. */
  show(state: string): void {
    this.#state = state
    this.emit('state', state)
  }

  /** Counts a call that was answered. */
  succeeded(latencyMs: number): void {
    this.#counts = { ...this.#counts, successes: this.#counts.successes + 1 }
    this.emit('success', latencyMs)
  }

  /** Counts a call that failed. */
  failed(error: unknown, latencyMs: number): void {
    this.#counts = { ...this.#counts, failures: this.#counts.failures + 1 }
    this.emit('failure', error, latencyMs)
  }

  /** Counts a call that was refused. */
  refused(): void {
    this.#counts = { ...this.#counts, refusals: this.#counts.refusals + 1 }
    this.emit('refusal')
  }
}
