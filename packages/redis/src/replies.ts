import { circuitOf } from '@svcproxy/fleet'
import type { FleetSnapshot, Invalidated, MemberView, ServiceReport, SharedCircuitView } from '@svcproxy/fleet'

// Others may write to Redis as well: values that are not in the format of the scripts are ignored.

const STATES: readonly ServiceReport['state'][] = ['closed', 'open', 'half_open', 'isolated', 'disabled']

/** The reply of `read`. */
export function snapshotOf(reply: unknown): FleetSnapshot {
  const [versions, circuits] = listOf(reply)
  const fields = new Map(pairsOf(listOf(versions)))
  const epoch = fields.get('e')
  const tokens = [...fields].flatMap(([name, token]): [string, string][] =>
    name.startsWith('s:') && token !== '' ? [[name.slice(2), token]] : [],
  )
  return {
    versions: { epoch: epoch === '' ? undefined : epoch, tokens: Object.fromEntries(tokens) },
    circuits: circuitsOf(circuits),
  }
}

/** The reply of `invalidate`, combined with the tokens that were sent. */
export function invalidatedOf(reply: unknown, tokens: ReadonlyMap<string, string>): Invalidated {
  const [epoch, ...before] = listOf(reply)
  if (typeof epoch !== 'string' || epoch === '') throw unexpected(reply)
  const previous = pairsOf(before).filter(([, token]) => token !== '')
  return { epoch, tokens: Object.fromEntries(tokens), previous: Object.fromEntries(previous) }
}

/** A list of circuits. */
export function circuitsOf(reply: unknown): SharedCircuitView[] {
  return listOf(reply).flatMap((one) => viewOf(one) ?? [])
}

/** One circuit as the scripts report it. */
export function viewOf(reply: unknown): SharedCircuitView | undefined {
  const [service, state, generation, remaining, prober, lease] = listOf(reply)
  const probe = { member: prober, remainingMs: Number(lease) }
  return circuitOf({ service, state, generation, remainingMs: Number(remaining), probe })
}

/** The reply of `heartbeat`. */
export function membersOf(reply: unknown): MemberView[] {
  return listOf(reply).flatMap((one) => memberOf(one) ?? [])
}

/** The reply of an operation that succeeds or does not. */
export function flagOf(reply: unknown): boolean {
  if (reply !== 0 && reply !== 1) throw unexpected(reply)
  return reply === 1
}

function memberOf(reply: unknown): MemberView | undefined {
  const [id, ago, told] = listOf(reply)
  const { label, services } = fieldsOf(typeof told === 'string' ? told : '')
  const seenMsAgo = Number(ago)
  if (typeof id !== 'string' || typeof label !== 'string' || !(seenMsAgo >= 0)) return undefined
  const reports = Object.entries(isFields(services) ? services : {}).flatMap(([name, report]) => {
    const known = reportOf(report)
    return known === undefined ? [] : [[name, known] as const]
  })
  return { id, label, seenMsAgo, services: Object.fromEntries(reports) }
}

function reportOf(told: unknown): ServiceReport | undefined {
  if (!isFields(told)) return undefined
  const { failures } = told
  const state = STATES.find((one) => one === told['state'])
  if (state === undefined || typeof failures !== 'number' || !(failures >= 0)) return undefined
  return { state, failures }
}

function fieldsOf(json: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(json)
    return isFields(value) ? value : {}
  } catch {
    return {}
  }
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function pairsOf(list: readonly unknown[]): [string, string][] {
  const pairs: [string, string][] = []
  for (let index = 0; index + 1 < list.length; index += 2) pairs.push([String(list[index]), String(list[index + 1])])
  return pairs
}

function listOf(reply: unknown): readonly unknown[] {
  if (!Array.isArray(reply)) throw unexpected(reply)
  return reply
}

function unexpected(reply: unknown): Error {
  return new Error(`Unexpected reply of a Redis script: ${String(reply).slice(0, 100)}`)
}
