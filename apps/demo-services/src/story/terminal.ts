import { styleText } from 'node:util'

export type Tone = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

const WIDTH = 90

/** Text in colour if standard output is a terminal with colours; `NO_COLOR` and `FORCE_COLOR` are respected. */
export function tone(name: Tone, text: string): string {
  return styleText(name, text, { stream: process.stdout })
}

export function print(line = ''): void {
  console.log(line)
}

/** The title of an act. */
export function printTitle(number: number, title: string): void {
  const text = ` ${number}  ${title} `
  print(`\n${tone('bold', text)}${tone('dim', '─'.repeat(WIDTH - text.length))}\n`)
}

/** An event and its time. */
export function printEvent(seconds: number, mark: string, text: string, name: Tone): void {
  print(`${tone('dim', `${seconds.toFixed(1)} s`.padStart(7))}  ${tone(name, `${mark} ${text}`)}`)
}

/** A remark on the previous event. */
export function printRemark(text: string): void {
  print(`           ${text}`)
}

/** Whether a check passed. */
export function printCheck(passed: boolean, text: string): void {
  print(`         ${passed ? tone('green', `✓ ${text}`) : tone('red', `✗ failed: ${text}`)}`)
}

/** A duration for people. */
export function duration(ms: number): string {
  if (ms < 1) return '<1 ms'
  return ms < 950 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}

/** An error of several connection attempts has an empty message itself. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ')
  return error instanceof Error ? error.message : String(error)
}
