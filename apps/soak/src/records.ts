/** What every proxy of the soak stands before. */
export interface Records {
  /** The record of that number: the number itself. @throws {@link NotFoundError} */
  read(id: number): Promise<number>
}

/** An answer of the service's domain: it says nothing of how well the service is. */
export class NotFoundError extends Error {
  override readonly name = 'NotFoundError'
}

/** A connection to a service, or a pool of them. Both ask until `signal` aborts, if one is given. */
export interface RecordsClient {
  read(id: number, signal: AbortSignal | undefined): Promise<number>
  /** Rejects when the service does not answer. */
  ping(signal: AbortSignal | undefined): Promise<void>
  end(): Promise<void>
}

/** How long a client that cannot be cancelled waits for an answer, in milliseconds. */
export const OWN_TIMEOUT_MS = 4_000

/** Rejects when `signal` aborts; without one never. */
export function untilAborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => reject(reasonOf(signal)), { once: true })
    if (signal?.aborted === true) reject(reasonOf(signal))
  })
}

function reasonOf(signal: AbortSignal): unknown {
  return signal.reason
}
