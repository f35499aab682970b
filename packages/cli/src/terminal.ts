import { setTimeout as wait } from 'node:timers/promises'
import { styleText } from 'node:util'
import { plainText } from './plain-text.ts'

/** Where a command writes: for example `process.stdout`. */
export interface CliOutput {
  /** Writes `text` as it is, without adding a line end. The return value is ignored. */
  write(text: string): unknown
  /** Whether it is a terminal. @defaultValue false */
  readonly isTTY?: boolean | undefined
  /** The width of the terminal, in columns. @defaultValue no limit */
  readonly columns?: number | undefined
  /** The height of the terminal, in rows. @defaultValue no limit */
  readonly rows?: number | undefined
}

/** The parts of a process that a command uses. */
export interface CliIo {
  /** For the output of the command; a terminal also gets colours and live updates. */
  readonly stdout: CliOutput
  /** For errors and warnings, so that `stdout` contains only the output itself. */
  readonly stderr: CliOutput
  /** Aborts when the command has to end: on Ctrl-C. @defaultValue it ends by itself */
  readonly interrupted?: AbortSignal
  /** The wall clock, in milliseconds since the epoch. @defaultValue `Date.now` */
  readonly now?: () => number
  /** Waits for `ms`, or until the signal aborts; never rejects. @defaultValue a timer */
  readonly pause?: (ms: number, until: AbortSignal) => Promise<void>
}

/** The environment variables, as `process.env` has them. */
export type CliEnvironment = Readonly<Record<string, string | undefined>>

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'magenta' | 'cyan'

/** A {@link CliIo} with all defaults, as commands use it. */
export interface Terminal {
  readonly interrupted: AbortSignal
  /** Whether output can be overwritten. */
  readonly isLive: boolean
  /** In columns; `Infinity` without a terminal, so that nothing is cut. */
  readonly width: number
  readonly height: number
  readonly now: () => number
  readonly pause: (ms: number) => Promise<void>
  readonly print: (line: string) => void
  /** Writes the text as it is, without a line end. */
  readonly write: (text: string) => void
  /** Writes a sentence that is not part of the output to standard error, as plain text. */
  readonly remark: (sentence: string) => void
  /** Colours the text, if colours are wanted. Colour is never the only sign of anything. */
  readonly paint: (style: Style, text: string) => string
}

/** What is needed to fit lines into a terminal. */
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

/** As Node.js decides itself: `FORCE_COLOR` takes precedence over `NO_COLOR`, and both over the kind of output. */
function wantsColour(stdout: CliOutput, env: CliEnvironment): boolean {
  const forced = env['FORCE_COLOR']
  if (forced !== undefined) return ['', '1', '2', '3', 'true'].includes(forced)
  if ((env['NO_COLOR'] ?? '') !== '') return false
  return stdout.isTTY === true && env['TERM'] !== 'dumb'
}

/** A terminal of unknown size reports 0 or nothing. */
function sizeOf(size: number | undefined): number {
  return size !== undefined && size > 0 ? size : Infinity
}

async function pauseWithTimer(ms: number, until: AbortSignal): Promise<void> {
  // It only rejects if the signal aborted, which ends the pause.
  await wait(ms, undefined, { signal: until }).catch(() => undefined)
}
