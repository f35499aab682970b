import { isSvcproxyError } from '@svcproxy/core'
import type { RequestCounts } from '@svcproxy/core'
import { NotFoundError } from './records.ts'

/** How a call ended for its caller. `left`: the caller did not wait for the end. */
export type CallEnd = 'answered' | 'not found' | 'failed' | 'timed out' | 'rejected' | 'left'

const REJECTIONS: readonly string[] = ['SVCPROXY_CIRCUIT_OPEN', 'SVCPROXY_CAPACITY', 'SVCPROXY_STOPPED']

/** How a call ended that failed with `error`; `signal` is the one its caller gave it. */
export function endOf(error: unknown, signal?: AbortSignal): CallEnd {
  if (signal?.aborted === true && error === signal.reason) return 'left'
  if (error instanceof NotFoundError) return 'not found'
  if (!isSvcproxyError(error)) return 'failed'
  if (error.code === 'SVCPROXY_TIMEOUT') return 'timed out'
  return REJECTIONS.includes(error.code) ? 'rejected' : 'failed'
}

/** Calls by their ends. */
export class Ends {
  readonly #counts = new Map<CallEnd, number>()
  #begun = 0

  begin(): void {
    this.#begun++
  }

  end(end: CallEnd): void {
    this.#counts.set(end, this.of(end) + 1)
  }

  of(...ends: readonly CallEnd[]): number {
    return ends.reduce((sum, end) => sum + (this.#counts.get(end) ?? 0), 0)
  }

  get begun(): number {
    return this.#begun
  }

  /** Not yet ended. */
  get open(): number {
    return this.#begun - this.of('answered', 'not found', 'failed', 'timed out', 'rejected', 'left')
  }
}

/** What the callers of one proxy have seen of their calls: to be compared with what the proxy says. */
export class Tally {
  readonly ends: Ends = new Ends()
  /** Answers to another question than was asked. */
  wrong = 0
  /** The longest that a caller waited, in milliseconds. */
  longestMs = 0

  /** Counts a call of `id`, and resolves with its end. */
  async watch(id: number, call: () => Promise<number>, signal?: AbortSignal): Promise<CallEnd> {
    const startedAt = performance.now()
    this.ends.begin()
    let end: CallEnd
    try {
      if ((await call()) !== id) this.wrong++
      end = 'answered'
    } catch (error) {
      end = endOf(error, signal)
    }
    this.ends.end(end)
    this.longestMs = Math.max(this.longestMs, performance.now() - startedAt)
    return end
  }
}

type Compared = Pick<
  RequestCounts,
  | 'totalRequests'
  | 'successfulRequests'
  | 'failedRequests'
  | 'rejectedRequests'
  | 'inFlight'
  | 'timedOutRequests'
  | 'abortedRequests'
>

/**
 * Where the counts of a proxy contradict themselves or its callers, in words; none when they do not.
 * @param notFoundIsSuccess the proxy has a circuit, whose `isFailure` knows the service's domain
 */
export function contradictions(ends: Ends, counts: Compared, notFoundIsSuccess: boolean): string[] {
  const notFound = ends.of('not found')
  const expected: Compared = {
    totalRequests: ends.begun,
    successfulRequests: ends.of('answered') + (notFoundIsSuccess ? notFound : 0),
    failedRequests: ends.of('failed', 'timed out', 'left') + (notFoundIsSuccess ? 0 : notFound),
    rejectedRequests: ends.of('rejected'),
    inFlight: ends.open,
    timedOutRequests: ends.of('timed out'),
    abortedRequests: ends.of('left'),
  }
  const { totalRequests, successfulRequests, failedRequests, rejectedRequests, inFlight } = counts
  const sum = successfulRequests + failedRequests + rejectedRequests + inFlight
  return [
    ...(sum === totalRequests ? [] : [`totalRequests is ${totalRequests}, its parts add up to ${sum}`]),
    ...differences(expected, counts),
  ]
}

function differences(expected: Compared, counts: Compared): string[] {
  return Object.entries(expected).flatMap(([name, value]) => {
    const found: unknown = Reflect.get(counts, name)
    return found === value ? [] : [`${name} is ${String(found)}, its callers count ${value}`]
  })
}
