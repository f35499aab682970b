import type { Subject } from '../scenario.ts'

/** How often, in counts of operations. */
export interface OperationCounts {
  readonly warmUp: number
  readonly operations: number
}

/** Carries them out; whoever counts what that took counts from outside. */
export async function performOperations(subject: Subject, { warmUp, operations }: OperationCounts): Promise<void> {
  for (let n = 0; n < warmUp; n++) await subject.run()
  for (let n = 0; n < operations; n++) await subject.run()
}
