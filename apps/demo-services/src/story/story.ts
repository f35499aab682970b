import type { DemoWorld } from '../demo-world.ts'
import { DRIVER_TIMEOUT_MS } from '../postgres/database.ts'
import { DEMO_POLICY } from './demo-policy.ts'
import { tellEmbeddedStory } from './embedded-story.ts'
import { tellExternalStory } from './external-story.ts'
import { printFinalTable } from './final-table.ts'
import { Stage } from './stage.ts'
import { print, tone } from './terminal.ts'
import { REQUEST_EVERY_MS } from './traffic.ts'

export interface StoryParts extends Pick<DemoWorld, 'context' | 'embedded' | 'databaseUrl' | 'traffic'> {
  readonly framework: string
  readonly baseUrl: string
  readonly interrupted: AbortSignal
}

/** Tells the whole story. Resolves with whether it went as told. */
export async function tellStory(parts: StoryParts): Promise<boolean> {
  const { context, embedded, databaseUrl, traffic, baseUrl, interrupted } = parts
  const { hostname, port } = new URL(databaseUrl)
  const place = `${hostname}:${port || '5432'}`
  printIntroduction(parts, embedded === undefined ? `PostgreSQL at ${place}` : `PostgreSQL, process ${embedded.pid}`)
  const stage = new Stage({ manager: context.manager, baseUrl, databaseTraffic: traffic, signal: interrupted })
  try {
    await (embedded === undefined ? tellExternalStory(stage, place) : tellEmbeddedStory(stage, embedded))
  } finally {
    await embedded?.thaw()
    await stage.traffic.stop()
  }
  printFinalTable(stage)
  return stage.wentAsTold
}

function printIntroduction({ framework, embedded }: StoryParts, database: string): void {
  const { failureThreshold, recoveryTimeoutMs, successThreshold, timeoutMs } = DEMO_POLICY
  print(`\n ${tone('bold', 'svcproxy demo')}  ${framework}, Node ${process.version.slice(1)}, ${database}\n`)
  print(` Every ${REQUEST_EVERY_MS} ms the same GET request goes to both sides, over HTTP:`)
  print('   standard  /standard/entities…  the handlers call the service directly')
  print('   proxied   /entities…           the same handlers call it through a ServiceProxy\n')
  print(
    ` The circuit opens after ${failureThreshold} failures in a row, tries again after ${recoveryTimeoutMs / 1000} s`,
  )
  print(` and closes after ${successThreshold} successes. A call has ${timeoutMs / 1000} s; the driver itself would`)
  print(` wait ${DRIVER_TIMEOUT_MS / 1000} s. (The defaults are 30 s and 5 s: shortened, so that you need not wait.)`)
  if (embedded !== undefined) print(' The story takes about 20 seconds.')
}
