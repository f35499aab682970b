import { InvalidInputError } from './domain-error.ts'
import type { EntityCommand } from './services/entity-service.ts'

/** The maximum length of a request body, in bytes. */
export const MAX_BODY_BYTES: number = 16 * 1024

const ENTITY_ID = /^[a-z0-9][a-z0-9-]{0,31}$/
const FEATURE_NAME = /^[a-z][a-z0-9_]{0,63}$/
const ACTOR = /^[\w.@-]{1,64}$/

/** @throws {@link InvalidInputError} */
export function parseEntityId(value: unknown): string {
  if (typeof value === 'string' && ENTITY_ID.test(value)) return value
  throw new InvalidInputError('An entity id must have 1 to 32 lower-case letters, digits and hyphens')
}

/** @throws {@link InvalidInputError} */
export function parseFeatureName(value: unknown): string {
  if (typeof value === 'string' && FEATURE_NAME.test(value)) return value
  throw new InvalidInputError('A feature name must have 1 to 64 lower-case letters, digits and underscores')
}

/** The name of the user; a demo has no login. @throws {@link InvalidInputError} */
export function parseActor(value: unknown): string {
  if (value === undefined || value === '') return 'anonymous'
  if (typeof value === 'string' && ACTOR.test(value)) return value
  throw new InvalidInputError('An actor has 1 to 64 letters, digits and ".", "@", "_", "-"')
}

/** @throws {@link InvalidInputError} */
export function parseCommand(body: unknown): EntityCommand {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new InvalidInputError('A command must be a JSON object, sent as application/json')
  }
  const { type, speedKmh }: { type?: unknown; speedKmh?: unknown } = body
  if (type === 'lock' || type === 'unlock') return { type }
  if (type !== 'limit_speed') throw new InvalidInputError('type must be one of lock, unlock, limit_speed')
  if (typeof speedKmh === 'number' && Number.isInteger(speedKmh) && speedKmh >= 5 && speedKmh <= 130) {
    return { type, speedKmh }
  }
  throw new InvalidInputError('speedKmh must be an integer in 5 … 130')
}
