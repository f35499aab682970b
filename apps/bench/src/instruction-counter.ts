import { spawnSync } from 'node:child_process'
import { answerApart } from './measuring.ts'

/** A program that counts the instructions of the process it runs. */
export interface InstructionCounter {
  readonly name: string
  /** Command and arguments, before Node's own. */
  readonly command: readonly string[]
  /** Undefined when what was printed holds no count. */
  readonly read: (stderr: string) => number | undefined
}

/** Whose instructions. */
export interface InstructionOrder {
  readonly scenario: string
  readonly contender: string
  /** How long an operation takes, in nanoseconds: the longer, the fewer are counted. */
  readonly ns: number
  readonly signal?: AbortSignal | undefined
}

/** The compiler looks at how much was executed: it is done with long operations after fewer of them. */
const WARM_UP = { ns: 30e6, least: 10_000, most: 200_000 }
const COUNTED = { ns: 8e6, least: 5_000, most: 50_000 }
/**
 * One thread, since a compiler in the background is done when it happens to be; and nothing at random. Two counts of the
 * same thing then differ by less than a thousandth.
 */
const FLAGS = ['--single-threaded', '--predictable-gc-schedule', '--random-seed=1', '--hash-seed=1']

/** valgrind follows code that V8 writes while it runs, if told to check everywhere that it has not changed. */
export const valgrind: InstructionCounter = {
  name: 'valgrind --tool=callgrind',
  command: ['valgrind', '--tool=callgrind', '--callgrind-out-file=/dev/null', '--smc-check=all-non-file'],
  // "==1234== Collected : 360338540"
  read: (stderr) => countIn(/Collected : (\d+)/, stderr),
}

/** The processor's own counter, which many virtual machines and containers do not have: "<not supported>". */
export const perf: InstructionCounter = {
  name: 'perf stat -e instructions:u',
  command: ['perf', 'stat', '-x,', '-e', 'instructions:u', '--'],
  read: (stderr) => countIn(/^(\d+),[^,]*,instructions/m, stderr),
}

/** The first counter that counts on this machine. */
export function findInstructionCounter(): InstructionCounter | undefined {
  return [valgrind, perf].find(({ command: [command = '', ...args], read }) => {
    const { stderr } = spawnSync(command, [...args, 'true'], { encoding: 'utf8' })
    return read(stderr ?? '') !== undefined
  })
}

/** Instructions per operation: a run of twice the operations less a run of once, so start and warm-up cancel out. */
export async function countInstructions(
  counter: InstructionCounter,
  { scenario, contender, ns, signal }: InstructionOrder,
): Promise<number> {
  const warmUp = operationsWithin(WARM_UP, ns)
  const base = operationsWithin(COUNTED, ns)
  const count = async (operations: number): Promise<number> => {
    const counts = { warmUp, operations }
    const order = { measure: 'operations', scenario, contender, counts } as const
    const { stderr } = await answerApart(order, { signal, flags: FLAGS, under: counter.command })
    const instructions = counter.read(stderr)
    if (instructions === undefined) throw new Error(`${counter.name} printed no count:\n${stderr}`)
    return instructions
  }
  const [once, twice] = await Promise.all([count(base), count(2 * base)])
  return (twice - once) / base
}

/** As many as take `budget.ns` without the counter, within its bounds. */
function operationsWithin(budget: typeof WARM_UP, ns: number): number {
  return Math.round(Math.min(budget.most, Math.max(budget.least, budget.ns / ns)))
}

function countIn(pattern: RegExp, text: string): number | undefined {
  const digits = pattern.exec(text)?.[1]
  return digits === undefined ? undefined : Number(digits)
}
