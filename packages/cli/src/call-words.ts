import type { ServiceRow } from './answers.ts'
import { countText, latencyText } from './quantities.ts'

type Calls = Pick<ServiceRow, 'retryBudget' | 'queue'> & { readonly counts: Pick<ServiceRow['counts'], 'retries'> }

/** Retries that were made; undefined before the first retryable call. */
export function retriesOf({ retryBudget, counts: { retries } }: Calls): number | undefined {
  return retryBudget === null ? undefined : retries.success + retries.failure
}

/** Describes the retries, one fact per line. */
export function retryLines(calls: Calls): string[] {
  const { retryBudget, counts } = calls
  if (retryBudget === null) return []
  const { success, failure, denied } = counts.retries
  const { calls: retried, retries, remaining } = retryBudget
  const left = remaining === 0 ? 'none' : countText(remaining)
  return [
    `${countText(success)} answered, ${countText(failure)} failed, ${countText(denied)} denied`,
    `in the last ten seconds ${countText(retries)} for ${countText(retried)} calls; the budget has ${left} left`,
  ]
}

/** Describes the queue, one fact per line. */
export function queueLines({ queue }: Calls): string[] {
  if (queue === null) return []
  const { waiting, max, wait } = queue
  const state = `${countText(waiting)} of ${countText(max)} waiting${waiting === max ? '; one more is rejected' : ''}`
  if (wait.count === 0) return [state]
  const { count, p50Ms, p99Ms, maxMs } = wait
  const longest = `p50 ${latencyText(p50Ms)}, p99 ${latencyText(p99Ms)}, at most ${latencyText(maxMs)}`
  return [state, `${countText(count)} have waited: ${longest}`]
}
