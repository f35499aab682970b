import { once } from 'node:events'
import { parseArgs } from 'node:util'
import type { DemoApp } from './demo-app.ts'
import { startServer } from './demo-server.ts'
import { openDemoWorld } from './demo-world.ts'
import { Interruption, interruption } from './interruption.ts'
import { DEMO_POLICY } from './story/demo-policy.ts'
import { tellStory } from './story/story.ts'
import { messageOf, print, tone } from './story/terminal.ts'

const USAGE = `Usage: npm run demo [-- [--koa] [--serve]]

  --koa     the Koa application; the Express one otherwise
  --serve   no story: just serves, until it is interrupted

  DATABASE_URL   a PostgreSQL to use in place of the embedded one
  PORT           where to listen; a free port otherwise`

/** Runs a demo to its end. Resolves with the exit code of the process. */
export async function runDemo(app: DemoApp): Promise<number> {
  const mode = readMode()
  if (mode === 'help' || mode === 'mistaken') {
    print(USAGE)
    return mode === 'help' ? 0 : 2
  }
  const interrupted = interruption()
  try {
    return await run(app, mode === 'serve', interrupted)
  } catch (error) {
    if (interrupted.reason instanceof Interruption) return interrupted.reason.exitCode
    console.error(`\n${tone('red', messageOf(error))}`)
    return 1
  }
}

function readMode(): 'story' | 'serve' | 'help' | 'mistaken' {
  const options = { serve: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const
  try {
    const { serve, help } = parseArgs({ options }).values
    if (help === true) return 'help'
    return serve === true ? 'serve' : 'story'
  } catch (error) {
    console.error(`${messageOf(error)}\n`)
    return 'mistaken'
  }
}

async function run(app: DemoApp, serveOnly: boolean, interrupted: AbortSignal): Promise<number> {
  const { DATABASE_URL: databaseUrl, PORT: port } = process.env
  await using world = await openDemoWorld({
    databaseUrl,
    ...(serveOnly ? {} : { policy: DEMO_POLICY }),
    logError: serveOnly ? (error) => console.error(messageOf(error)) : () => undefined,
  })
  await using server = await startServer(app.createListener(world.context), Number(port ?? 0))

  let wentAsTold = true
  if (!serveOnly) wentAsTold = await tellStory({ ...world, framework: app.framework, baseUrl: server.url, interrupted })
  if (serveOnly || process.stdout.isTTY) {
    printUrls(app.framework, server.url)
    if (!interrupted.aborted) await once(interrupted, 'abort')
    print('\nStopping …')
  }
  return wentAsTold ? 0 : 1
}

function printUrls(framework: string, url: string): void {
  print(` ${tone('bold', `${framework} is listening.`)} Ctrl-C stops it.\n`)
  print(`   ${url}/                    what there is`)
  print(`   ${url}/entities            through the proxy`)
  print(`   ${url}/standard/entities   without`)
  print(`   ${url}/services            circuits, metrics and health of all services`)
  print(`   ${url}/healthz             health, as a probe sees it`)
}
