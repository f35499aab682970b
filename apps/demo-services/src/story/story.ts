import type { DemoWorld } from '../demo-world.ts'
import { DRIVER_TIMEOUT_MS, placeOf } from '../postgres/database.ts'
import { OPERATIONS_PATH } from '../endpoints.ts'
import { DEMO_POLICY } from './demo-policy.ts'
import { EMBEDDED_STORY } from './embedded-story.ts'
import { tellExternalStory } from './external-story.ts'
import { printFinalTable } from './final-table.ts'
import { Stage } from './stage.ts'
import { print, tone } from './terminal.ts'
import { READS } from './traffic.ts'

export interface StoryParts extends Pick<DemoWorld, 'context' | 'embedded' | 'databaseUrl' | 'traffic'> {
  readonly framework: string
  readonly baseUrl: string
  readonly interrupted: AbortSignal
}

/**
 * Tells a story. Resolves with whether all checks passed.
 * @param acts the acts of the story with an embedded database
 */
export async function tellStory(parts: StoryParts, acts: typeof EMBEDDED_STORY = EMBEDDED_STORY): Promise<boolean> {
  const { context, embedded, databaseUrl, traffic, baseUrl, interrupted } = parts
  const place = placeOf(databaseUrl)
  printIntroduction(parts, embedded === undefined ? `PostgreSQL at ${place}` : `PostgreSQL, process ${embedded.pid}`)
  const stage = new Stage({ manager: context.manager, baseUrl, databaseTraffic: traffic, signal: interrupted })
  try {
    if (embedded === undefined) await tellExternalStory(stage, place)
    else for (const tellAct of acts) await tellAct(stage, embedded)
  } finally {
    await embedded?.thaw()
    await stage.end()
  }
  printFinalTable(stage)
  if (stage.failedChecks > 0) print(tone('red', ` ${stage.failedChecks} checks of the story failed.\n`))
  return stage.failedChecks === 0
}

function printIntroduction({ framework, embedded, baseUrl }: StoryParts, database: string): void {
  const { failureThreshold, recoveryTimeoutMs, successThreshold, timeoutMs } = DEMO_POLICY
  const [recovery, deadline, driver] = [recoveryTimeoutMs, timeoutMs, DRIVER_TIMEOUT_MS].map((ms) => `${ms / 1000} s`)
  const lines = [
    ['standard', '/standard/entities…  the handlers call the service directly'],
    ['proxied', '/entities…           the same handlers call it through a ServiceProxy'],
    [],
    ['circuit', `opens after ${failureThreshold} failures in a row, half-open after ${recovery},`],
    ['', `closes after ${successThreshold} successful trials`],
    ['deadline', `${deadline} for a call; the database driver by itself would wait ${driver}`],
    ['', 'The defaults are 30 s and 5 s: they are shorter here, so that you need not wait.'],
    ['retries', 'failed reads are retried, 3 attempts at most; writes are not'],
    ['to db', 'connections attempted and queries sent, counted at the driver'],
    ['hits', "requests that found the service in the proxy's cache"],
  ]
  print(`\n ${tone('bold', 'svcproxy demo')}  ${framework}, Node ${process.version.slice(1)}, ${database}\n`)
  print(` ${tone('bold', 'Watch it')} in a browser: ${tone('cyan', `${baseUrl}${OPERATIONS_PATH}/`)}\n`)
  print(` Every ${READS.everyMs} ms the same GET request goes to both sides, over HTTP:`)
  for (const [title = '', text = ''] of lines) print(`   ${tone('bold', title.padEnd(10))}${text}`.trimEnd())
  if (embedded !== undefined) print('\n The story takes about 30 seconds.')
}
