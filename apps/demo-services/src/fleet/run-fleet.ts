import { once } from 'node:events'
import { OPERATIONS_PATH } from '../endpoints.ts'
import { print, tone } from '../story/terminal.ts'
import type { DemoFleet } from './demo-fleet.ts'
import { startFleet } from './demo-fleet.ts'
import { DEMO_PACE, FleetStage } from './fleet-stage.ts'
import { endFleet, tellFleetStory } from './tell-fleet-story.ts'

/** Options of {@link runFleet}. */
export interface FleetWishes {
  /** The name for the headline. */
  readonly framework: string
  /** The module that runs the demo; each member runs it, too. */
  readonly entry: string
  readonly size: number
  readonly port: number
  /** Whether to leave out the story. */
  readonly serveOnly: boolean
  readonly interrupted: AbortSignal
}

/** Runs the processes of a fleet until they end. Resolves with the exit code. */
export async function runFleet({ framework, serveOnly, interrupted, ...settings }: FleetWishes): Promise<number> {
  await using fleet = await startFleet(settings)
  const stage = new FleetStage(fleet, interrupted, DEMO_PACE)
  if (!serveOnly) await tellFleetStory(stage, framework)
  if (serveOnly || process.stdout.isTTY) {
    printUrls(framework, fleet)
    if (!interrupted.aborted) await once(interrupted, 'abort')
    print('\nStopping …')
  }
  if (!serveOnly) await endFleet(stage)
  return stage.failedChecks === 0 ? 0 : 1
}

function printUrls(framework: string, { url, members }: DemoFleet): void {
  print(`\n ${tone('bold', `${framework} is listening`)}, in ${members.length} processes. Ctrl-C stops them.\n`)
  print(`   ${url}/                    the endpoints`)
  print(`   ${url}/entities            through the proxies`)
  print(`   ${url}${OPERATIONS_PATH}/       the dashboard, of whichever process gets the connection`)
  for (const member of members) print(`   ${member.url}${OPERATIONS_PATH}/       the dashboard of ${member.label}`)
}
