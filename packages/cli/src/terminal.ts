import { setTimeout as wait } from 'node:timers/promises'
import { styleText } from 'node:util'
import { plainText } from './plain-text.ts'

/** Where a command writes; `process.stdout` is one. */
export interface CliOutput {
  /** Writes `text` as it is, without adding a line end. The returned value is not used. */
  write(text: string): unknown
  /** Whether it is a terminal. @defaultValue false */
  readonly isTTY?: boolean | undefined
  /** Of a terminal. @defaultValue no limit */
  readonly columns?: number | undefined
  /** Of a terminal. @defaultValue no limit */
  readonly rows?: number | undefined
}

/** What a command is given of the process it runs in. */
export interface CliIo {
  /** For what the command prints; a terminal also gets colours and live updates. */
  readonly stdout: CliOutput
  /** For errors and warnings, so that `stdout` holds only the output itself. */
  readonly stderr: CliOutput
  /** Aborts when the command is to end: on Ctrl-C. @defaultValue it ends by itself */
  readonly interrupted?: AbortSignal
  /** The wall clock, in milliseconds since the epoch. @defaultValue `Date.now` */
  readonly now?: () => number
  /** Waits, or until the signal aborts; never rejects. @defaultValue a timer */
  readonly pause?: (ms: number, until: AbortSignal) => Promise<void>
}

/** The environment variables, as `process.env` has them. */
export type CliEnvironment = Readonly<Record<string, string | undefined>>

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'magenta' | 'cyan'

/** A {@link CliIo} as commands use it: nothing left open. */
export interface Terminal {
  readonly interrupted: AbortSignal
  /** Whether what is printed can be printed over. */
  readonly isLive: boolean
  /** In columns; without a terminal `Infinity`, so that nothing is lost to whoever reads it. */
  readonly width: number
  readonly height: number
  readonly now: () => number
  readonly pause: (ms: number) => Promise<void>
  readonly print: (line: string) => void
  /** Writes as it is, without a line's end. */
  readonly write: (text: string) => void
  /** Tells something that is not the answer: to standard error, made plain. */
  readonly remark: (sentence: string) => void
  /** Colours, where colours are wanted. Never the only sign of anything. */
  readonly paint: (style: Style, text: string) => string
}

/** What lines need to know of a terminal to fit into it. */
export type Window = Pick<Terminal, 'width' | 'paint'>

export function terminalOf(io: CliIo, env: CliEnvironment): Terminal {
  const { stdout, stderr, now = Date.now, pause = pauseWithTimer } = io
  const interrupted = io.interrupted ?? new AbortController().signal
  const isLive = stdout.isTTY === true && env['TERM'] !== 'dumb'
  const coloured = wantsColour(stdout, env)
  return {
    interrupted,
    isLive,
    get width() {
      return stdout.isTTY === true ? sizeOf(stdout.columns) : Infinity
    },
    get height() {
      return stdout.isTTY === true ? sizeOf(stdout.rows) : Infinity
    },
    now,
    pause: (ms) => pause(ms, interrupted),
    print: (line) => void stdout.write(`${line}\n`),
    write: (text) => void stdout.write(text),
    remark: (sentence) => void stderr.write(`svcproxy: ${plainText(sentence)}\n`),
    paint: (style, text) => (coloured && text !== '' ? styleText(style, text, { validateStream: false }) : text),
  }
}

/** As Node decides it for itself: `FORCE_COLOR` goes before `NO_COLOR`, and both before what the output is. */
function wantsColour(stdout: CliOutput, env: CliEnvironment): boolean {
  const forced = env['FORCE_COLOR']
  if (forced !== undefined) return ['', '1', '2', '3', 'true'].includes(forced)
  if ((env['NO_COLOR'] ?? '') !== '') return false
  return stdout.isTTY === true && env['TERM'] !== 'dumb'
}

/** A terminal whose size is not known says 0 or nothing. */
function sizeOf(size: number | undefined): number {
  return size !== undefined && size > 0 ? size : Infinity
}

async function pauseWithTimer(ms: number, until: AbortSignal): Promise<void> {
  // The one rejection there is says that the signal aborted, which is what ends a pause.
  await wait(ms, undefined, { signal: until }).catch(() => undefined)
}
