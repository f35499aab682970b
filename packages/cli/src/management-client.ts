import {
  type ActionState,
  isActionState,
  isProcessState,
  isServiceSheet,
  type ProcessState,
  type ServiceSheet,
} from './answers.ts'
import { agentFor, exchange, type HttpAnswer, type Limits } from './exchange.ts'
import { CommandFailure } from './failure.ts'
import { refusalOf } from './refusal.ts'
import type { Shape } from './shape.ts'
import { answeredBy, INSTANCE, instanceHeader, instanceName } from './which-process.ts'
import { withoutToken } from './without-token.ts'

/** A response of the management API. */
export interface Answer<T> {
  readonly value: T
  /** As it came, without the token. */
  readonly json: unknown
  /** By the clock of the server, in milliseconds since the epoch. */
  readonly at: number
  /** Undefined: the response has none. */
  readonly etag: string | undefined
  /** The name of the process that answered; undefined: a server of an earlier version does not say. */
  readonly by: string | undefined
}

/** A snapshot, and the name of its process for the next request. */
export interface SnapshotAnswer extends Answer<ProcessState> {
  readonly instance: string
}

/** Which snapshot is wanted. */
interface SnapshotWish {
  /** Return `unchanged` if the snapshot still has this ETag. */
  readonly etag?: string | undefined
  /** Only from this process: {@link SnapshotAnswer.instance}. @defaultValue any process */
  readonly instance?: string | undefined
  /** Over a new connection, which a load balancer may route to another process. @defaultValue false */
  readonly anew?: boolean
}

/** Another process than the requested one answered. */
interface OtherProcess {
  readonly other: string
}

type Action = 'invalidate' | 'reset' | 'isolate' | 'release' | 'health-check'

/** The management API of a process. All methods reject with a {@link CommandFailure}. */
export interface ManagementClient {
  snapshot(): Promise<SnapshotAnswer>
  snapshotAs(wish: SnapshotWish): Promise<SnapshotAnswer | 'unchanged' | OtherProcess>
  service(name: string): Promise<Answer<ServiceSheet>>
  /** @param scope `fleet`: in all processes of the fleet, for an invalidation only */
  act(action: Action, service: string, scope?: 'fleet'): Promise<Answer<ActionState>>
  actOnAll(action: 'invalidate' | 'reset', scope?: 'fleet'): Promise<Answer<ActionState>>
}

export interface ClientOptions extends Omit<Limits, 'isWrite'> {
  /** The address of the management API, without a slash at its end. */
  readonly url: string
  readonly token: string | undefined
  /** The wall clock, for responses that do not say when they were made. */
  readonly now: () => number
}

export function managementClient(options: ClientOptions): ManagementClient {
  const { url, token, now } = options
  const authorization: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` }
  let agent = agentFor(url)
  const reconnect = (): void => {
    agent.destroy()
    agent = agentFor(url)
  }

  const answerOf = <T>(answer: HttpAnswer, shape: Shape<T>, request: { service?: string; isWrite: boolean }) => {
    if (answer.status !== 200) throw refusalOf(answer, { ...request, url, token })
    const json = parsed(answer, url, token)
    if (!shape(json)) throw misunderstood(json, url)
    const date = Date.parse(answer.headers.get('Date') ?? '')
    const instance = answeredBy(answer)
    return {
      value: json,
      json,
      at: Number.isNaN(date) ? now() : date,
      etag: answer.headers.get('ETag') ?? undefined,
      by: instance === undefined ? undefined : withoutToken(instanceName(instance), token),
    }
  }

  const read = (path: string, headers: Readonly<Record<string, string>> = {}): Promise<HttpAnswer> => {
    const question = { method: 'GET', headers: { ...authorization, ...headers } } as const
    return exchange(`${url}/api/${path}`, question, agent, { ...options, isWrite: false })
  }

  const write = async (path: string, body: object, service?: string): Promise<Answer<ActionState>> => {
    const headers = { ...authorization, 'Content-Type': 'application/json', 'X-Svcproxy-Action': '1' }
    const question = { method: 'POST', headers, body: JSON.stringify(body) } as const
    const answer = await exchange(`${url}/api/${path}`, question, agent, { ...options, isWrite: true })
    return answerOf(answer, isActionState, { isWrite: true, ...(service !== undefined && { service }) })
  }

  const snapshotOf = (answer: HttpAnswer): SnapshotAnswer => {
    const snapshot = answerOf(answer, isProcessState, { isWrite: false })
    const { instance, at } = snapshot.value
    const time = Date.parse(at)
    return {
      ...snapshot,
      at: Number.isNaN(time) ? snapshot.at : time,
      instance: answeredBy(answer) ?? instanceHeader(instance.id),
    }
  }

  return {
    async snapshot() {
      return snapshotOf(await read('snapshot'))
    },
    async snapshotAs({ etag, instance, anew = false }) {
      if (anew) reconnect()
      const answer = await read('snapshot', {
        ...(etag !== undefined && { 'If-None-Match': etag }),
        ...(instance !== undefined && { [INSTANCE]: instance }),
      })
      const by = answeredBy(answer)
      if (answer.status === 412 && by !== undefined && by !== instance) return { other: by }
      if (answer.status === 304 && etag !== undefined) return 'unchanged'
      const snapshot = snapshotOf(answer)
      // A server of an earlier version ignores which process is meant.
      return instance === undefined || snapshot.instance === instance ? snapshot : { other: snapshot.instance }
    },
    async service(name) {
      return answerOf(await read(servicePath(name)), isServiceSheet, { service: name, isWrite: false })
    },
    act(action, service, scope) {
      const path = servicePath(service)
      if (action === 'health-check') return write(`${path}/health-check`, {}, service)
      return write(
        `${path}/${action === 'invalidate' ? 'cache' : 'circuit'}`,
        { action, ...(scope && { scope }) },
        service,
      )
    },
    actOnAll(action, scope) {
      return write(action === 'invalidate' ? 'cache/invalidate-all' : 'circuits/reset-all', scope ? { scope } : {})
    },
  }
}

function servicePath(name: string): string {
  return `services/${encodeURIComponent(name)}`
}

function parsed({ body }: HttpAnswer, url: string, token: string | undefined): unknown {
  try {
    const json: unknown = JSON.parse(body, (_key, value: unknown) =>
      typeof value === 'string' ? withoutToken(value, token) : value,
    )
    return json
  } catch {
    throw new CommandFailure(
      'refused',
      `The response of ${url} is not JSON: it may be a login page, or not the address of a management API.`,
    )
  }
}

function misunderstood(json: unknown, url: string): CommandFailure {
  const version: unknown = typeof json === 'object' && json !== null && 'version' in json ? json.version : undefined
  const other = typeof version === 'number' && version !== 1
  return new CommandFailure(
    'refused',
    other
      ? `${url} has version ${version} of the management API, but this command needs version 1: use a newer @svcproxy/cli.`
      : `The response of ${url} is JSON, but not of a management API: check the address.`,
  )
}
