import type { SharedCircuitView } from '@svcproxy/core'

/**
 * What a member tells the others when it has changed something. The store is the source of truth: for a circuit, the
 * members read it there.
 */
export type Hint =
  | {
      readonly kind: 'invalidated'
      readonly member: string
      readonly epoch: string
      readonly scope: string
      readonly token: string
    }
  | { readonly kind: 'circuit'; readonly member: string; readonly circuit: SharedCircuitView }

/** The maximum length of a hint, in characters. */
export const MAX_HINT_LENGTH = 1_024
/** The version of the format. Other versions are ignored, so that members of two versions never misread each other. */
const VERSION = 1
const MAX_NAME_LENGTH = 256

/** A hint as it is sent. A store that sends hints itself uses the same format: `{"v":1,"kind":…}`. */
export function encodeHint(hint: Hint): string {
  return JSON.stringify({ v: VERSION, ...hint })
}

/** Undefined: the message is not a hint of this version, or out of bounds. */
export function decodeHint(message: unknown): Hint | undefined {
  if (typeof message !== 'string' || message.length > MAX_HINT_LENGTH) return undefined
  const fields = fieldsOf(message)
  if (fields?.['v'] !== VERSION || !isName(fields['member'])) return undefined
  return fields['kind'] === 'invalidated' ? invalidated(fields) : circuit(fields)
}

type Fields = Readonly<Record<string, unknown>>

function invalidated({ member, epoch, scope, token }: Fields): Hint | undefined {
  if (!isName(member) || !isName(epoch) || !isName(scope) || !isName(token)) return undefined
  return { kind: 'invalidated', member, epoch, scope, token }
}

function circuit({ kind, member, circuit: told }: Fields): Hint | undefined {
  if (kind !== 'circuit' || !isName(member)) return undefined
  const view = circuitOf(told)
  return view && { kind, member, circuit: view }
}

/** A circuit as a store reports it; undefined if it is not one. */
export function circuitOf(told: unknown): SharedCircuitView | undefined {
  if (!isFields(told)) return undefined
  const { service, state, generation, remainingMs, probe } = told
  if (!isName(service) || !isName(generation) || !isDuration(remainingMs)) return undefined
  if (state !== 'open' && state !== 'closed') return undefined
  const view = { service, state, generation, remainingMs } as const
  return isFields(probe) && isName(probe['member']) && isDuration(probe['remainingMs'])
    ? { ...view, probe: { member: probe['member'], remainingMs: probe['remainingMs'] } }
    : view
}

function fieldsOf(message: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(message)
    return isFields(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= MAX_NAME_LENGTH
}

function isDuration(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= 2_147_483_647
}
