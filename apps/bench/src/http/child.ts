import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { EXTENSION, NODE_FLAGS } from '../own-code.ts'

/** A process of the benchmark, which ends with this one if not before. One question at a time. */
export interface Child<Question, Answer> extends AsyncDisposable {
  /**
   * What it says next. Nothing is kept for later: it must be asked for before it is said.
   * @throws Error (as a rejection) with what the process printed, when it ends instead
   */
  next(): Promise<Answer>
  /** {@link Child.next}, in answer to a question. */
  ask(question: Question): Promise<Answer>
}

/** What a child runs, and where. */
export interface ChildOptions {
  readonly entry: 'server' | 'load' | 'pages'
  readonly args?: readonly string[]
  /** The core that it keeps to, by number. @defaultValue any */
  readonly core?: number | undefined
}

const MAX_COMPLAINT = 4_000
/** How long a process may take to end once it was let go. */
const END_MS = 2_000

/** Starts a process. It ends when the channel to it does, for whatever reason that may be: no signal needs handling. */
export function startChild<Question extends object, Answer>(options: ChildOptions): Child<Question, Answer> {
  const { entry, args = [], core } = options
  const child = fork(fileURLToPath(new URL(`./${entry}${EXTENSION}`, import.meta.url)), args, {
    ...launchOn(core),
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let complaint = ''
  child.stderr?.on('data', (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-MAX_COMPLAINT)))
  const exit = new Promise<void>((resolve) => {
    child.once('error', () => resolve())
    child.once('exit', () => resolve())
  })
  // Later than its exit: when all it printed has been read. Node does not tell of it once we have disconnected.
  const failure = new Promise<Error>((resolve) => {
    child.once('error', resolve)
    child.once('close', (code, signal) => {
      resolve(new Error(`${[entry, ...args].join(' ')} ended: ${code ?? signal}\n${complaint}`))
    })
  })

  const next = (): Promise<Answer> =>
    new Promise((resolve, reject) => {
      child.once('message', (answer: Answer) => resolve(answer))
      void failure.then(reject)
    })
  return {
    next,
    ask(question) {
      const answer = next()
      // When the channel is closed, the process has ended, and that is what the answer rejects with.
      child.send(question, () => {})
      return answer
    },
    async [Symbol.asyncDispose]() {
      if (child.connected) child.disconnect()
      const lastResort = setTimeout(() => child.kill('SIGKILL'), END_MS)
      await exit
      clearTimeout(lastResort)
    },
  }
}

/** `taskset` becomes the process that it starts, so its id and its channel are those of Node. */
function launchOn(core: number | undefined): { execPath?: string; execArgv: string[] } {
  if (core === undefined) return { execArgv: [...NODE_FLAGS] }
  return { execPath: 'taskset', execArgv: ['-c', String(core), process.execPath, ...NODE_FLAGS] }
}
