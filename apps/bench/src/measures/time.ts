import type { Subject } from '../scenario.ts'

/** How long a process warms up, and how long it measures, in milliseconds. */
export interface TimeBudget {
  readonly warmUpMs: number
  readonly measureMs: number
}

/** How long one batch of operations takes, about, in milliseconds: long against the clock, short against a disturbance. */
const BATCH_MS = 10
const MAX_SINGLE_OPERATIONS = 15

async function runBatch(subject: Subject, operations: number): Promise<number> {
  const startedAt = performance.now()
  for (let n = 0; n < operations; n++) await subject.run()
  return performance.now() - startedAt
}

/** The time of an operation, in nanoseconds, once for each batch. */
export async function timeOperations(subject: Subject, { warmUpMs, measureMs }: TimeBudget): Promise<number[]> {
  let operations = 1
  const warmAt = performance.now() + warmUpMs
  while (performance.now() < warmAt) {
    const tookMs = await runBatch(subject, operations)
    if (tookMs < BATCH_MS / 2) operations *= 2
    else if (tookMs > BATCH_MS * 2) operations = Math.max(1, operations >> 1)
  }
  const samples: number[] = []
  const doneAt = performance.now() + measureMs
  while (samples.length === 0 || performance.now() < doneAt) {
    samples.push(((await runBatch(subject, operations)) / operations) * 1e6)
  }
  return samples
}

/** The time of single operations that nothing warmed up, in nanoseconds. */
export async function timeSingly(subject: Subject, { measureMs }: TimeBudget): Promise<number[]> {
  const samples: number[] = []
  const doneAt = performance.now() + measureMs
  while (samples.length === 0 || (samples.length < MAX_SINGLE_OPERATIONS && performance.now() < doneAt)) {
    samples.push((await runBatch(subject, 1)) * 1e6)
  }
  return samples
}
