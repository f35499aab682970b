import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Measured, Order } from './measuring-process.ts'
import { EXTENSION, NODE_FLAGS } from './own-code.ts'

/** Where a measurement runs, and how it ends early. */
export interface MeasuringOptions {
  /** Kills the process. */
  readonly signal?: AbortSignal | undefined
  /** Further flags for Node. */
  readonly flags?: readonly string[]
  /** A command, with its arguments, that runs Node in its own process, as valgrind does. */
  readonly under?: readonly string[]
}

/** What a measuring process left. */
export interface Answered<A> {
  readonly answer: A
  /** What it, or the command that it ran under, wrote to stderr. */
  readonly stderr: string
}

const ENTRY = fileURLToPath(new URL(`./measuring-process${EXTENSION}`, import.meta.url))

const FLAGS: Readonly<Record<keyof Measured, readonly string[]>> = {
  time: [],
  bytes: ['--expose-gc', '--min-semi-space-size=64', '--max-semi-space-size=128'],
  makings: [],
  operations: [],
  population: ['--expose-gc'],
}

/**
 * Has a process of its own carry out one order.
 * @throws Error (as a rejection) with what it printed when it ended without an answer
 */
export async function measureApart<O extends Order>(
  order: O,
  options: MeasuringOptions = {},
): Promise<Measured[O['measure']]> {
  return (await answerApart(order, options)).answer
}

/** {@link measureApart}, with what was written to stderr. */
export function answerApart<O extends Order>(
  order: O,
  { signal, flags = [], under = [] }: MeasuringOptions = {},
): Promise<Answered<Measured[O['measure']]>> {
  const nodeFlags = [...NODE_FLAGS, ...FLAGS[order.measure], ...flags]
  const [command, ...args] = [...under, process.execPath]
  return new Promise((resolve, reject) => {
    const child = fork(ENTRY, {
      ...(command !== undefined && { execPath: command }),
      execArgv: [...args, ...nodeFlags],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      killSignal: 'SIGKILL',
      ...(signal !== undefined && { signal }),
    })
    let stderr = ''
    child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    let answered: { answer: Measured[O['measure']] } | undefined
    child.on('message', (answer: Measured[O['measure']]) => (answered = { answer }))
    child.on('error', reject)
    child.on('close', (code, killedBy) => {
      if (answered !== undefined) resolve({ ...answered, stderr })
      else reject(new Error(`${JSON.stringify(order)} ended with ${code ?? killedBy}\n${stderr.trim()}`))
    })
    // When the channel is closed, the process has ended, and 'close' tells how.
    child.send(order, () => {})
  })
}
