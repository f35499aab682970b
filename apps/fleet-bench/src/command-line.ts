import { parseArgs } from 'node:util'

/** What the command line asks for. */
export type Command =
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly complaint: string }
  | {
      readonly kind: 'run'
      /** The names of scenarios, in their order. */
      readonly names: readonly string[]
      /** All of them, at full length: what the report is written from. */
      readonly isFull: boolean
      readonly isQuick: boolean
      readonly seed: number
    }

/** A run that fails in CI has to fail again at home. */
const QUICK_SEED = 1
const MAX_SEED = 2 ** 32 - 1

/** Reads `--only`, `--quick`, `--seed` and `--help`. @param scenarios the names that there are */
export function parseCommandLine(
  args: readonly string[],
  scenarios: readonly string[],
  anySeed: () => number,
): Command {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        only: { type: 'string' },
        quick: { type: 'boolean', default: false },
        seed: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    })
    if (values.help) return { kind: 'help' }
    const { quick: isQuick, only } = values
    const names = only === undefined ? scenarios : chosen(only, scenarios)
    const seed = seedOf(values.seed) ?? (isQuick ? QUICK_SEED : anySeed())
    return { kind: 'run', names, isFull: only === undefined && !isQuick, isQuick, seed }
  } catch (error) {
    return { kind: 'wrong', complaint: error instanceof Error ? error.message : String(error) }
  }
}

function chosen(only: string, scenarios: readonly string[]): string[] {
  const names = only.split(',').map((name) => name.trim())
  const unknown = names.find((name) => !scenarios.includes(name))
  if (unknown !== undefined) throw new RangeError(`--only: there is no '${unknown}', but ${scenarios.join(', ')}`)
  return scenarios.filter((name) => names.includes(name))
}

function seedOf(value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  const number = Number(value)
  if (/^\d+$/.test(value) && number >= 1 && number <= MAX_SEED) return number
  throw new RangeError(`--seed: '${value}' is no whole number in 1 … ${MAX_SEED}`)
}

/** The text of `--help`. */
export function usage(scenarios: readonly string[]): string {
  return `npm run bench:fleet -- [options]

Measures what @svcproxy/fleet over @svcproxy/redis promises: with processes of their own, a
redis-server of its own, which has to be on the PATH, and a proxy that does to connections what
a network may do. A full run takes about a quarter of an hour and writes docs/fleet.md.

  --only <names>  some of: ${lines(scenarios)}
                  Nothing is written
  --quick         fewer processes and shorter outages, in less than a minute. Times are shown
                  and not judged. Nothing is written
  --seed <n>      the order of the random operations; another one each time by default
  --help          this text

The exit code is 0 when all limits were met, 1 when one was missed, 2 when an argument is
wrong, 130 when it was interrupted.
`
}

function lines(names: readonly string[]): string {
  const half = Math.ceil(names.length / 2)
  return `${names.slice(0, half).join(', ')},\n                  ${names.slice(half).join(', ')}.`
}
