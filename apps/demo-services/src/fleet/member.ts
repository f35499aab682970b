import type { ServiceEvent } from '@svcproxy/core'
import { joinFleet } from '@svcproxy/fleet'
import type { Fleet } from '@svcproxy/fleet'
import { redisStore } from '@svcproxy/redis'
import type { RequestListener } from 'node:http'
import type { DemoApp } from '../demo-app.ts'
import { startServer } from '../demo-server.ts'
import type { DemoServices } from '../demo-services.ts'
import { openDemoWorld } from '../demo-world.ts'
import type { DemoWorld } from '../demo-world.ts'
import { callsOf } from '../story/circuit-watch.ts'
import { DEMO_POLICY } from '../story/demo-policy.ts'
import { PROCESS_HEADER } from '../story/traffic.ts'
import { isQuestion, now } from './messages.ts'
import type { MemberEvent, MemberMessage, Question, Standing } from './messages.ts'

/** The settings of a member. */
export interface MemberSettings {
  /** Its name for people. */
  readonly label: string
  readonly databaseUrl: string
  readonly redisUrl: string
  readonly featuresFile: URL
}

/** Environment variables, because all users of the machine can read the arguments of a process. */
const VARIABLES: Readonly<Record<keyof MemberSettings, string>> = {
  label: 'SVCPROXY_DEMO_MEMBER',
  databaseUrl: 'SVCPROXY_DEMO_DATABASE',
  redisUrl: 'SVCPROXY_DEMO_REDIS',
  featuresFile: 'SVCPROXY_DEMO_FEATURES',
}

/** The service whose circuit the fleet shares. */
const SHARED_SERVICE = 'entityService'
/** The service that is invalidated. */
export const FLAG_SERVICE = 'featureManager'

export function toEnvironment({ label, databaseUrl, redisUrl, featuresFile }: MemberSettings): Record<string, string> {
  return {
    [VARIABLES.label]: label,
    [VARIABLES.databaseUrl]: databaseUrl,
    [VARIABLES.redisUrl]: redisUrl,
    [VARIABLES.featuresFile]: featuresFile.href,
  }
}

/** Undefined: this process is not a member. */
export function fromEnvironment(environment: NodeJS.ProcessEnv): MemberSettings | undefined {
  const label = environment[VARIABLES.label]
  if (label === undefined) return undefined
  return {
    label,
    databaseUrl: environment[VARIABLES.databaseUrl] ?? '',
    redisUrl: environment[VARIABLES.redisUrl] ?? '',
    featuresFile: new URL(environment[VARIABLES.featuresFile] ?? ''),
  }
}

/** A process of the fleet: serves until it is told to end, or the process that started it is gone. */
export async function runMember(app: DemoApp, settings: MemberSettings): Promise<void> {
  const { label, databaseUrl, redisUrl, featuresFile } = settings
  const ended = untilEnded()
  await using world = await openDemoWorld({
    databaseUrl,
    featuresFile,
    policy: DEMO_POLICY,
    instanceId: label,
    logError: () => undefined,
  })
  const { manager } = world.context
  await using server = await startServer(app, world.context, { port: 0, around: (listener) => signed(listener, label) })
  // It leaves before the server is shut down, which stops the manager.
  await using fleet = await joinFleet(manager, {
    store: redisStore({ url: redisUrl }),
    namespace: 'svcproxy-demo',
    circuits: [SHARED_SERVICE],
    label,
  })
  manager.onAny((event) => {
    const told = memberEventOf(event)
    if (told !== undefined) say({ kind: 'event', event: told })
  })
  process.on('message', (message) => {
    if (isQuestion(message)) void answer(message, world, fleet)
  })
  say({ kind: 'listening', port: Number(new URL(server.url).port) })
  await ended
  // A channel with a listener keeps the process alive.
  if (process.connected) process.disconnect()
}

/** Ctrl-C in a terminal reaches every process; only the one that started this one reacts, and then sends SIGTERM. */
async function untilEnded(): Promise<void> {
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined)
  await new Promise<void>((resolve) => {
    process.once('SIGTERM', resolve)
    process.once('disconnect', resolve)
  })
}

/** Adds the name of the process to each response. */
function signed(listener: RequestListener, label: string): RequestListener {
  return (req, res) => {
    res.setHeader(PROCESS_HEADER, label)
    listener(req, res)
  }
}

function memberEventOf(event: ServiceEvent): MemberEvent | undefined {
  const { type, service } = event
  if (type === 'circuit') {
    const { from, to } = event
    return service === SHARED_SERVICE ? { type, from, to, at: now() } : undefined
  }
  return type === 'invalidate' || type === 'load' ? { type, service, at: now() } : undefined
}

async function answer({ id, kind }: Question, world: DemoWorld, fleet: Fleet<DemoServices>): Promise<void> {
  if (kind === 'standing') return say({ kind, id, standing: standingOf(world, fleet) })
  const at = now()
  const told = await fleet.invalidate(FLAG_SERVICE)
  say({ kind: 'told', id, told: { at, fleet: told.fleet } })
}

function standingOf({ context, traffic }: DemoWorld, { status }: Fleet<DemoServices>): Standing {
  return {
    circuit: context.manager.getProxy(SHARED_SERVICE).circuitState,
    calls: callsOf(traffic.proxied),
    failed: traffic.proxied.failed,
    state: status.state,
    since: status.since.getTime(),
    members: status.members.length,
    queued: status.queuedInvalidations,
  }
}

/** Sends a message to the process that started this one, if it still exists. */
function say(message: MemberMessage): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined)
}
