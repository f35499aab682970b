import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { fullPlan, type Plan, quickPlan } from './plan.ts'

/** What the command line asks for. */
export type Command =
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly complaint: string }
  | { readonly kind: 'run'; readonly plan: Plan; readonly parts: readonly string[]; readonly folder: string }

/** What the command line is judged by. */
export interface Surroundings {
  /** Everything that can be measured by itself. */
  readonly parts: readonly string[]
  readonly documentation: string
  readonly reports: string
}

/** Reads `--quick`, `--only`, `--out` and `--help`. */
export function parseCommandLine(args: readonly string[], surroundings: Surroundings): Command {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        quick: { type: 'boolean', default: false },
        only: { type: 'string', multiple: true, default: [] },
        out: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    })
    return values.help ? { kind: 'help' } : runOf(values, surroundings)
  } catch (error) {
    return { kind: 'wrong', complaint: error instanceof Error ? error.message : String(error) }
  }
}

interface Wishes {
  readonly quick: boolean
  readonly only: readonly string[]
  readonly out?: string
}

/** @throws Error when a wish cannot be granted */
function runOf({ quick, only, out }: Wishes, { parts, documentation, reports }: Surroundings): Command {
  const chosen = only.flatMap((list) => list.split(',')).map((part) => part.trim())
  const unknown = chosen.find((part) => !parts.includes(part))
  if (unknown !== undefined) throw new Error(`--only: '${unknown}' is none of ${parts.join(', ')}`)
  if (out === '') throw new Error('--out: the name of the folder is missing')

  const isComplete = !quick && chosen.length === 0
  const folder = resolve(out ?? (isComplete ? documentation : reports))
  if (!isComplete && folder === resolve(documentation)) {
    throw new Error('--out: a quick or partial run is no documentation; give another folder')
  }
  return {
    kind: 'run',
    plan: quick ? quickPlan : fullPlan,
    parts: chosen.length > 0 ? parts.filter((part) => chosen.includes(part)) : parts,
    folder,
  }
}

/** The folders of the repository, seen from the one of this app. */
export function foldersOf(app: string): Pick<Surroundings, 'documentation' | 'reports'> {
  return { documentation: join(app, '../../docs'), reports: join(app, 'reports') }
}

/** The text of `--help`. */
export function usage(parts: readonly string[]): string {
  return `npm run bench -- [options]

Measures svcproxy beside its peers. Without options everything is measured, in a quarter
to half an hour, and docs/performance.md and docs/performance.json are written.

  --quick         everything, in less than three minutes, with figures that vary more
  --only <parts>  these alone, separated by commas: ${inLines(parts).join(',\n                  ')}
  --out <folder>  where the report goes; a quick or partial run writes to apps/bench/reports
  --help          this text

The exit code is 0 when everything was measured, whatever the verdicts; 1 when a
measurement failed; 2 when an argument is wrong.
`
}

/** Four to a line. */
function inLines(parts: readonly string[]): string[] {
  const lines = Array.from({ length: Math.ceil(parts.length / 4) }, (_, line) => parts.slice(line * 4, line * 4 + 4))
  return lines.map((line) => line.join(', '))
}
