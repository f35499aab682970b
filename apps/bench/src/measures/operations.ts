import type { Subject } from '../scenario.ts'

/** How often, in counts of operations. */
export interface OperationCounts {
  readonly warmUp: number
  readonly operations: number
}

/** Carries them out; whoever counts what that took counts from outside. */
export async function performOperations(subject: Subject, { warmUp, operations }: OperationCounts): Promise<void> {
  // In two halves, for the loop is compiled too, and once more when it is entered anew.
  await repeat(subject, warmUp >> 1)
  await repeat(subject, warmUp >> 1)
  await repeat(subject, operations)
}

async function repeat(subject: Subject, times: number): Promise<void> {
  for (let n = 0; n < times; n++) await subject.run()
}
