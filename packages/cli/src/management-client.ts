import {
  type ActionState,
  isActionState,
  isProcessState,
  isServiceSheet,
  type ProcessState,
  type ServiceSheet,
} from './answers.ts'
import { exchange, type HttpAnswer, type Limits } from './exchange.ts'
import { CommandFailure } from './failure.ts'
import { refusalOf } from './refusal.ts'
import type { Shape } from './shape.ts'
import { withoutToken } from './without-token.ts'

/** An answer of the management API. */
export interface Answer<T> {
  readonly value: T
  /** As it came, but for the token. */
  readonly json: unknown
  /** By the clock of whoever answered, in milliseconds since the epoch. */
  readonly at: number
  /** Undefined: it has none. */
  readonly etag: string | undefined
}

type Action = 'invalidate' | 'reset' | 'isolate' | 'release' | 'health-check'

/** The management API of a process. All reject with a {@link CommandFailure}. */
export interface ManagementClient {
  snapshot(): Promise<Answer<ProcessState>>
  /** Undefined: it has not changed since the answer with this `etag`. */
  snapshotSince(etag: string | undefined): Promise<Answer<ProcessState> | undefined>
  service(name: string): Promise<Answer<ServiceSheet>>
  act(action: Action, service: string): Promise<Answer<ActionState>>
  actOnAll(action: 'invalidate' | 'reset'): Promise<Answer<ActionState>>
}

export interface ClientOptions extends Omit<Limits, 'isWrite'> {
  /** Of the management API, without a slash at its end. */
  readonly url: string
  readonly token: string | undefined
  /** The wall clock, for answers that do not say when they were made. */
  readonly now: () => number
}

export function managementClient(options: ClientOptions): ManagementClient {
  const { url, token, now } = options
  const authorization: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` }

  const answerOf = <T>(answer: HttpAnswer, shape: Shape<T>, request: { service?: string; isWrite: boolean }) => {
    if (answer.status !== 200) throw refusalOf(answer, { ...request, url, token })
    const json = parsed(answer, url, token)
    if (!shape(json)) throw misunderstood(json, url)
    const date = Date.parse(answer.headers.get('Date') ?? '')
    return { value: json, json, at: Number.isNaN(date) ? now() : date, etag: answer.headers.get('ETag') ?? undefined }
  }

  const read = (path: string, headers: Readonly<Record<string, string>> = {}): Promise<HttpAnswer> =>
    exchange(`${url}/api/${path}`, { headers: { ...authorization, ...headers } }, { ...options, isWrite: false })

  const write = async (path: string, body: object, service?: string): Promise<Answer<ActionState>> => {
    const headers = { ...authorization, 'Content-Type': 'application/json', 'X-Svcproxy-Action': '1' }
    const init = { method: 'POST', headers, body: JSON.stringify(body) }
    const answer = await exchange(`${url}/api/${path}`, init, { ...options, isWrite: true })
    return answerOf(answer, isActionState, { isWrite: true, ...(service !== undefined && { service }) })
  }

  const snapshotOf = (answer: HttpAnswer): Answer<ProcessState> => {
    const snapshot = answerOf(answer, isProcessState, { isWrite: false })
    const at = Date.parse(snapshot.value.at)
    return { ...snapshot, at: Number.isNaN(at) ? snapshot.at : at }
  }

  return {
    async snapshot() {
      return snapshotOf(await read('snapshot'))
    },
    async snapshotSince(etag) {
      const answer = await read('snapshot', etag === undefined ? {} : { 'If-None-Match': etag })
      return answer.status === 304 && etag !== undefined ? undefined : snapshotOf(answer)
    },
    async service(name) {
      return answerOf(await read(servicePath(name)), isServiceSheet, { service: name, isWrite: false })
    },
    act(action, service) {
      const path = servicePath(service)
      if (action === 'health-check') return write(`${path}/health-check`, {}, service)
      return write(`${path}/${action === 'invalidate' ? 'cache' : 'circuit'}`, { action }, service)
    },
    actOnAll(action) {
      return write(action === 'invalidate' ? 'cache/invalidate-all' : 'circuits/reset-all', {})
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
      `What ${url} answers is not JSON: it is a login page, perhaps, or not the address of a management API.`,
    )
  }
}

function misunderstood(json: unknown, url: string): CommandFailure {
  const version: unknown = typeof json === 'object' && json !== null && 'version' in json ? json.version : undefined
  const other = typeof version === 'number' && version !== 1
  return new CommandFailure(
    'refused',
    other
      ? `${url} speaks version ${version} of the management API, and this command version 1: use a newer @svcproxy/cli.`
      : `What ${url} answers is JSON, but not of the management API: look at the address.`,
  )
}
