import type { Latencies } from './latencies.ts'

/** What the load generator is asked for. */
export interface LoadOrder {
  readonly url: string
  readonly seconds: number
  /** @defaultValue as many as the server answers */
  readonly requestsPerSecond?: number
}

/** What a server did under load. */
export interface LoadResult extends Latencies {
  /** Answered requests. */
  readonly requests: number
  readonly requestsPerSecond: number
  /** Answers whose status is not 2xx. */
  readonly non2xx: number
  /** Requests without an answer: connection errors, resets and time-outs. */
  readonly errors: number
}
