import { once } from 'node:events'
import { parseArgs } from 'node:util'
import type { DemoApp } from './demo-app.ts'
import { startServer } from './demo-server.ts'
import { openDemoWorld } from './demo-world.ts'
import { Interruption, interruption } from './interruption.ts'
import { DEMO_POLICY } from './story/demo-policy.ts'
import { tellStory } from './story/story.ts'
import { messageOf, print, tone } from './story/terminal.ts'
import { startTracing } from './tracing.ts'

const USAGE = `Usage: npm run demo [-- [--koa] [--serve] [--traces]]

  --koa     the Koa application; the Express one otherwise
  --serve   no story: just serves, until it is interrupted
  --traces  prints an OpenTelemetry span for each request and each call

  DATABASE_URL   a PostgreSQL to use in place of the embedded one
  PORT           where to listen; a free port otherwise`

/** Runs a demo to its end. Resolves with the exit code of the process. */
export async function runDemo(app: DemoApp): Promise<number> {
  const wishes = readWishes()
  if (wishes === 'help' || wishes === 'mistaken') {
    print(USAGE)
    return wishes === 'help' ? 0 : 2
  }
  const interrupted = interruption()
  try {
    return await run(app, wishes, interrupted)
  } catch (error) {
    if (interrupted.reason instanceof Interruption) return interrupted.reason.exitCode
    console.error(`\n${tone('red', messageOf(error))}`)
    return 1
  }
}

/** What the command line asks for. */
interface Wishes {
  readonly serveOnly: boolean
  readonly traces: boolean
}

function readWishes(): Wishes | 'help' | 'mistaken' {
  const flag = { type: 'boolean', default: false } as const
  try {
    const { serve, traces, help } = parseArgs({
      options: { serve: flag, traces: flag, help: { ...flag, short: 'h' } },
    }).values
    return help ? 'help' : { serveOnly: serve, traces }
  } catch (error) {
    console.error(`${messageOf(error)}\n`)
    return 'mistaken'
  }
}

async function run(app: DemoApp, { serveOnly, traces }: Wishes, interrupted: AbortSignal): Promise<number> {
  const { DATABASE_URL: databaseUrl, PORT: port } = process.env
  await using world = await openDemoWorld({
    databaseUrl,
    ...(serveOnly ? {} : { policy: DEMO_POLICY }),
    logError: serveOnly ? (error) => console.error(messageOf(error)) : () => undefined,
  })
  await using tracing = traces ? startTracing(world.context.manager) : undefined
  await using server = await startServer(app, world.context, {
    port: Number(port ?? 0),
    around: tracing && ((listener) => tracing.around(listener)),
  })

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
  print(`   ${url}/ops/services/       the dashboard`)
  print(`   ${url}/metrics             for Prometheus`)
  print(`   ${url}/healthz             health, as a probe sees it`)
}
