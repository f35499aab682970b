import type { CircuitView } from '@svcproxy/http'
import { isState } from './answer-parts.ts'
import { isFlag, isNumber, isText, objectOf, oneOf, orAbsent, orNull, type Shape } from './shape.ts'

type State = CircuitView['state']

interface Head {
  readonly id: number
  readonly at: string
  /** Null: all services. */
  readonly service: string | null
}

interface CircuitEvent extends Head {
  readonly type: 'circuit'
  readonly from: State
  readonly to: State
  readonly observed: boolean
  readonly cause?: string | undefined
}

interface HealthEvent extends Head {
  readonly type: 'health'
  readonly healthy: boolean
}

interface CacheEvent extends Head {
  readonly type: 'invalidate' | 'expire'
  readonly cause?: string | undefined
}

interface PlainEvent extends Head {
  readonly type: 'retry-denied' | 'stop'
}

interface AuditEvent extends Head {
  readonly type: 'audit'
  readonly action: string
  readonly scope?: string | undefined
  readonly actor: string | null
}

/** An event of the timeline. Its `cause` and `scope` were added in a later version. */
export type KnownEvent = CircuitEvent | HealthEvent | CacheEvent | PlainEvent | AuditEvent

const HEAD = { id: isNumber, at: isText, service: orNull(isText) }
const cause = orAbsent(isText)

const EVENTS: readonly Shape<KnownEvent>[] = [
  objectOf<CircuitEvent>({ ...HEAD, type: oneOf('circuit'), from: isState, to: isState, observed: isFlag, cause }),
  objectOf<HealthEvent>({ ...HEAD, type: oneOf('health'), healthy: isFlag }),
  objectOf<CacheEvent>({ ...HEAD, type: oneOf('invalidate', 'expire'), cause }),
  objectOf<PlainEvent>({ ...HEAD, type: oneOf('retry-denied', 'stop') }),
  objectOf<AuditEvent>({
    ...HEAD,
    type: oneOf('audit'),
    action: isText,
    scope: orAbsent(isText),
    actor: orNull(isText),
  }),
]

/** The events that this version of the command knows. */
export function knownEvents(events: readonly unknown[]): KnownEvent[] {
  return events.filter((event): event is KnownEvent => EVENTS.some((shape) => shape(event)))
}
