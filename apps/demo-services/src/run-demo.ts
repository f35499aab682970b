import { once } from 'node:events'
import type { DemoApp } from './demo-app.ts'
import { startServer } from './demo-server.ts'
import { openDemoWorld } from './demo-world.ts'
import { fromEnvironment, runMember } from './fleet/member.ts'
import type { MemberSettings } from './fleet/member.ts'
import { runFleet } from './fleet/run-fleet.ts'
import { Interruption, interruption } from './interruption.ts'
import { DEMO_POLICY } from './story/demo-policy.ts'
import { tellStory } from './story/story.ts'
import { messageOf, print, tone } from './story/terminal.ts'
import { startTracing } from './tracing.ts'
import { readWishes, USAGE } from './wishes.ts'
import type { Wishes } from './wishes.ts'

/** Runs a demo until it ends. Resolves with the exit code of the process. */
export async function runDemo(app: DemoApp): Promise<number> {
  const settings = fromEnvironment(process.env)
  if (settings !== undefined) return runAsMember(app, settings)
  const wishes = readWishes(process.argv.slice(2), process.env)
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

/** Errors are reported to the process that started this one by standard error and the exit code. */
async function runAsMember(app: DemoApp, settings: MemberSettings): Promise<number> {
  try {
    await runMember(app, settings)
    return 0
  } catch (error) {
    console.error(`${settings.label}: ${messageOf(error)}`)
    return 1
  }
}

async function run(app: DemoApp, wishes: Wishes, interrupted: AbortSignal): Promise<number> {
  const { fleetSize, port, serveOnly } = wishes
  if (fleetSize === undefined) return runAlone(app, wishes, interrupted)
  const { framework } = app
  return runFleet({ framework, entry: process.argv[1] ?? '', size: fleetSize, port, serveOnly, interrupted })
}

async function runAlone(app: DemoApp, wishes: Wishes, interrupted: AbortSignal): Promise<number> {
  const { databaseUrl, port, serveOnly, traces } = wishes
  await using world = await openDemoWorld({
    databaseUrl,
    ...(serveOnly ? {} : { policy: DEMO_POLICY }),
    logError: serveOnly ? (error) => console.error(messageOf(error)) : () => undefined,
  })
  await using tracing = traces ? startTracing(world.context.manager) : undefined
  await using server = await startServer(app, world.context, {
    port,
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
  print(`   ${url}/                    the endpoints`)
  print(`   ${url}/entities            through the proxy`)
  print(`   ${url}/standard/entities   without a proxy`)
  print(`   ${url}/ops/services/       the dashboard`)
  print(`   ${url}/metrics             for Prometheus`)
  print(`   ${url}/healthz             the health endpoint`)
}
