import { runCli } from '../src/index.ts'

export interface Run {
  readonly code: number
  readonly out: string
  readonly err: string
}

export interface RunOptions {
  readonly env?: Record<string, string>
  /** The width of the terminal; undefined: there is none. */
  readonly columns?: number
}

/** Runs the command in this process. */
export async function svcproxy(argv: readonly string[], { env = {}, columns }: RunOptions = {}): Promise<Run> {
  let out = ''
  let err = ''
  const code = await runCli(argv, env, {
    stdout: { write: (text) => (out += text), isTTY: columns !== undefined, columns },
    stderr: { write: (text) => (err += text) },
  })
  return { code, out, err }
}
