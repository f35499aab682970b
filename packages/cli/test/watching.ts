import { onTestFinished } from 'vitest'
import { runCli } from '../src/index.ts'
import { deferred } from './deferred.ts'
import { newWidth, screenAfter } from './screen.ts'

export interface WatchOptions {
  /** Of the terminal; undefined: there is none. */
  readonly columns?: number
  readonly rows?: number
}

/** `svcproxy watch`, round by round. */
export interface Watching {
  readonly out: () => string
  readonly err: () => string
  /** What the terminal shows. */
  readonly screen: () => string
  /** How long it wanted to wait each time, in milliseconds. */
  readonly pauses: readonly number[]
  /** Lets time pass; it stands still otherwise, from midnight on. */
  readonly pass: (ms: number) => void
  readonly resize: (columns: number) => void
  /** Lets it look once, and waits until it has. */
  readonly round: () => Promise<void>
  /** Ctrl-C; resolves with the exit code. */
  readonly interrupt: () => Promise<number>
}

/** Starts a watch that ends with the test. */
export function watch(argv: readonly string[], { columns, rows }: WatchOptions = {}): Watching {
  const interrupting = new AbortController()
  const size = { columns }
  const pauses: number[] = []
  let now = Date.UTC(2026, 0, 1)
  const written = { out: '', err: '', terminal: '' }
  let begun = false
  let paused = deferred()
  let proceed: () => void = () => undefined

  const stdout = {
    write(text: string) {
      written.out += text
      written.terminal += text
    },
    isTTY: columns !== undefined,
    get columns() {
      return size.columns
    },
    rows,
  }
  const io = {
    stdout,
    stderr: { write: (text: string) => (written.err += text) },
    interrupted: interrupting.signal,
    now: () => now,
    pause: async (ms: number) => {
      pauses.push(ms)
      const pause = deferred()
      proceed = pause.resolve
      paused.resolve()
      await pause.promise
    },
  }
  const done = runCli(['watch', ...argv], { NO_COLOR: '1' }, io)
  const interrupt = (): Promise<number> => {
    interrupting.abort()
    proceed()
    return done
  }
  onTestFinished(async () => void (await interrupt()))

  return {
    out: () => written.out,
    err: () => written.err,
    screen: () => screenAfter(written.terminal),
    pauses,
    pass: (ms) => void (now += ms),
    resize(width) {
      size.columns = width
      written.terminal += newWidth(width)
    },
    async round() {
      if (begun) {
        paused = deferred()
        proceed()
      }
      begun = true
      await paused.promise
    },
    interrupt,
  }
}
