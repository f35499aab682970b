import { parseArgs } from 'node:util'
import { COMMANDS, type CommandName, isCommandName } from './command-names.ts'
import { usageFailure } from './failure.ts'
import { managementUrl } from './management-url.ts'
import { plainText } from './plain-text.ts'
import type { CliEnvironment } from './terminal.ts'

/** What to do, checked. */
export interface Invocation {
  readonly command: CommandName
  /** The address of the management API, without a slash at its end. */
  readonly url: string
  /** Undefined: none was given. */
  readonly service: string | undefined
  readonly all: boolean
  /** Whether it applies to all processes of the fleet. */
  readonly fleet: boolean
  readonly json: boolean
  readonly timeoutMs: number
  readonly intervalMs: number
  readonly token: string | undefined
}

const OPTIONS = {
  all: { type: 'boolean' },
  'allow-insecure': { type: 'boolean' },
  fleet: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  'interval-ms': { type: 'string' },
  json: { type: 'boolean' },
  'timeout-ms': { type: 'string' },
  version: { type: 'boolean' },
} as const

const MAX_TIMER_MS = 2_147_483_647
const MIN_INTERVAL_MS = 100

/**
 * Parses the command line. Secrets, and settings that are always the same, come from the environment.
 * @throws {@link CommandFailure} of kind `usage`
 */
export function parseCommandLine(argv: readonly string[], env: CliEnvironment): Invocation | 'help' | 'version' {
  const { values, positionals } = split(argv)
  if (values.help === true) return 'help'
  if (values.version === true) return 'version'
  const [command, ...rest] = positionals
  if (command === undefined) throw usageFailure('No command was given.')
  if (!isCommandName(command)) throw usageFailure(`There is no such command${quotedIfHarmless(command)}.`)
  const { all = false, fleet = false } = values
  checkOptions(command, values)
  const { url, service } = targetOf(rest, env['SVCPROXY_URL'])
  checkTarget(command, service, all)
  return {
    command,
    url: managementUrl(url, values['allow-insecure'] === true),
    service,
    all,
    fleet,
    json: values.json === true,
    timeoutMs: milliseconds('--timeout-ms', values['timeout-ms'], 1, patience(command, service)),
    intervalMs: milliseconds('--interval-ms', values['interval-ms'], MIN_INTERVAL_MS, 2_000),
    token: checkedToken(env['SVCPROXY_TOKEN']),
  }
}

function split(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true })
  } catch (error) {
    const [argument = ''] = /(?<=')--?[a-z-]+/.exec(String(error)) ?? []
    if (argument.startsWith('--token')) {
      throw usageFailure(
        'A token cannot be an argument, because every process of the machine can read it: set SVCPROXY_TOKEN.',
      )
    }
    throw usageFailure(`${argument === '' ? 'An option' : argument} ${faultOf(error)}.`)
  }
}

function faultOf(error: unknown): string {
  const code = error instanceof TypeError && 'code' in error ? error.code : undefined
  if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') return 'is not an option'
  return /does not take an argument/.test(String(error)) ? 'takes no value' : 'needs a value'
}

/** The first argument is the URL if it looks like one, or if the environment has none. */
function targetOf(rest: readonly string[], preset: string | undefined): { url: string; service: string | undefined } {
  const [first, ...others] = rest
  const presetUrl = preset === '' ? undefined : preset
  const isGiven = first !== undefined && (presetUrl === undefined || first.includes('://'))
  const url = isGiven ? first : presetUrl
  if (url === undefined) throw usageFailure('The URL of the management API is missing: give it, or set SVCPROXY_URL.')
  const [service, ...more] = isGiven ? others : rest
  if (more.length > 0) throw usageFailure('There are too many arguments: one URL and one service at most.')
  // A URL parser would resolve these two as relative paths.
  if (service === '' || service === '.' || service === '..')
    throw usageFailure("The name of the service must not be empty, '.' or '..'.")
  return { url, service }
}

function checkOptions(
  command: CommandName,
  { 'interval-ms': interval, fleet }: ReturnType<typeof split>['values'],
): void {
  if (interval !== undefined && command !== 'watch') throw usageFailure('--interval-ms can only be used with watch.')
  if (fleet !== true || command === 'invalidate') return
  throw usageFailure('--fleet can only be used with invalidate: all other commands are for one process.')
}

function checkTarget(command: CommandName, service: string | undefined, all: boolean): void {
  const { target } = COMMANDS[command]
  if (all && target !== 'one or all') throw usageFailure('--all can only be used with invalidate and reset.')
  if (all && service !== undefined) throw usageFailure('Give the name of a service or --all, not both.')
  if (target === 'none' && service !== undefined)
    throw usageFailure(`${command} takes no service: it shows all services.`)
  if (service !== undefined || all) return
  if (target === 'one or all') throw usageFailure(`${command} needs the name of a service, or --all.`)
}

/** A health check takes as long as the service's deadline, 5 s by default, before the server can report the timeout. */
function patience(command: CommandName, service: string | undefined): number {
  return command === 'health' && service !== undefined ? 15_000 : 5_000
}

function milliseconds(option: string, text: string | undefined, min: number, preset: number): number {
  if (text === undefined) return preset
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= MAX_TIMER_MS) return value
  throw usageFailure(`${option} must be a whole number of milliseconds in ${min} … ${MAX_TIMER_MS}.`)
}

/** Fetch would reject such a header with a message that repeats it. */
function checkedToken(token: string | undefined): string | undefined {
  if (token === undefined || token === '') return undefined
  if (/^[\u0021-\u007e]+$/.test(token)) return token
  throw usageFailure('SVCPROXY_TOKEN contains a space, a line break or another character that a token cannot have.')
}

/** An argument that does not look like a command may be an address with a password, or the token itself. */
function quotedIfHarmless(command: string): string {
  return /^[a-z-]{1,20}$/.test(command) ? `: ${plainText(command)}` : ''
}
