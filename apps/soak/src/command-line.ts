import { parseArgs } from 'node:util'
import { planFor } from './plan.ts'
import type { Plan } from './plan.ts'

/** What the command line asks for. */
export type Command =
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly complaint: string }
  | { readonly kind: 'run'; readonly plan: Plan }
  | { readonly kind: 'storm' }

const SECONDS = 60
const QUICK_SECONDS = 18
const MAX_SECONDS = 24 * 3_600
/** A check that fails in CI has to fail again at home. */
const QUICK_SEED = 1

/** Reads `--seconds`, `--quick`, `--seed`, `--storm` and `--help`. */
export function parseCommandLine(args: readonly string[], anySeed: () => number): Command {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        seconds: { type: 'string' },
        quick: { type: 'boolean', default: false },
        seed: { type: 'string' },
        storm: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
    if (values.help) return { kind: 'help' }
    if (values.storm) return { kind: 'storm' }
    const { quick } = values
    const seconds = numberOf('--seconds', values.seconds, MAX_SECONDS) ?? (quick ? QUICK_SECONDS : SECONDS)
    const seed = numberOf('--seed', values.seed, 2 ** 32 - 1) ?? (quick ? QUICK_SEED : anySeed())
    return { kind: 'run', plan: planFor({ seconds, quick, seed }) }
  } catch (error) {
    return { kind: 'wrong', complaint: error instanceof Error ? error.message : String(error) }
  }
}

function numberOf(name: string, value: string | undefined, max: number): number | undefined {
  if (value === undefined) return undefined
  const number = Number(value)
  if (/^\d+$/.test(value) && number >= 1 && number <= max) return number
  throw new RangeError(`${name}: '${value}' is no whole number in 1 … ${max}`)
}

/** The text of `--help`. */
export const USAGE: string = `npm run soak -- [options]

Outage after outage, on a real HTTP service and a real PostgreSQL, under a steady load
through many proxies at once: nothing may outlive an outage.

  --seconds <n>   time for the outages; ${SECONDS} by default. A round may take longer than
                  planned: on a busy machine, or while work that never ends is waited for
  --quick         ${QUICK_SECONDS} seconds of shorter outages, and always the same ones
  --seed <n>      the order and length of the outages; another one each time by default
  --storm         instead: 1 000 callers through ten seconds of failure, without retries, with
                  retries in their budget and without one, and the load on the service of each
  --help          this text

The exit code is 0 when nothing outlived an outage, 1 when something did or the soak itself
failed, 2 when an argument is wrong, 130 when it was interrupted.
`
