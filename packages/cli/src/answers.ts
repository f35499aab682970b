import type { ActionResult, ErrorView, ServiceDetail, ServiceView, Snapshot } from '@svcproxy/http'
import { ERROR, isState } from './answer-parts.ts'
import { type Fleet, isFleet } from './fleet-answer.ts'
import {
  isAnything,
  isFlag,
  isNumber,
  isText,
  listOf,
  objectOf,
  oneOf,
  orAbsent,
  orNull,
  recordOf,
  type Shape,
} from './shape.ts'

// The parts of the management API's responses that this command reads. Other parts are ignored. Parts that may be
// absent were added later: a server of an earlier version does not have them.

type Circuit = NonNullable<ServiceView['circuit']>
type Failure = NonNullable<ServiceView['lastFailure']>
type Latency = ServiceView['latency']
type Counts = Pick<
  ServiceView['counts'],
  | 'totalRequests'
  | 'timedOutRequests'
  | 'rejectedRequests'
  | 'retries'
  | 'fallbacks'
  | 'cacheHits'
  | 'cacheMisses'
  | 'staleServed'
>
type Budget = NonNullable<ServiceView['retryBudget']>
type Queue = NonNullable<ServiceView['queue']>

export interface CircuitRow extends Omit<Circuit, 'successfulTrials' | 'successThreshold' | 'heldBy'> {
  readonly heldBy?: Circuit['heldBy'] | undefined
}

/** One service. */
export interface ServiceRow extends Pick<
  ServiceView,
  | 'name'
  | 'critical'
  | 'stopped'
  | 'status'
  | 'cache'
  | 'health'
  | 'lastFailure'
  | 'retryBudget'
  | 'queue'
  | 'requestsPerSecond'
  | 'latency'
> {
  readonly circuit: CircuitRow | null
  readonly counts: Counts
}

/** One service and more. */
export interface ServiceSheet extends ServiceRow, Pick<ServiceDetail, 'methods'> {
  readonly settings: Readonly<Record<string, unknown>>
  readonly events: readonly unknown[]
}

/** A process. */
export interface ProcessState extends Pick<
  Snapshot,
  'version' | 'at' | 'instance' | 'readOnly' | 'status' | 'stopping'
> {
  readonly fleet?: Fleet | null | undefined
  readonly services: readonly ServiceRow[]
  readonly events: readonly unknown[]
}

/** The result of an action. */
export interface ActionState extends Pick<ActionResult, 'action'> {
  readonly services: readonly ServiceRow[]
  readonly healthy?: boolean | undefined
  readonly fleet?: ActionResult['fleet'] | undefined
}

const isLevel = oneOf('pass', 'warn', 'fail')

const isLatency = objectOf<Latency>({
  count: isNumber,
  p50Ms: isNumber,
  p90Ms: isNumber,
  p99Ms: isNumber,
  maxMs: isNumber,
})

const isRate = objectOf<Circuit['rates'][number]>({
  kind: oneOf('failure', 'slow'),
  calls: isNumber,
  bad: isNumber,
  ratio: isNumber,
  threshold: isNumber,
  minimumCalls: isNumber,
})

const ROW: { readonly [K in keyof ServiceRow]-?: Shape<ServiceRow[K]> } = {
  name: isText,
  critical: isFlag,
  stopped: isFlag,
  status: isLevel,
  circuit: orNull(
    objectOf<CircuitRow>({
      state: isState,
      since: isText,
      mode: oneOf('enforce', 'observe'),
      wouldReject: isNumber,
      consecutiveFailures: isNumber,
      failureThreshold: orNull(isNumber),
      rates: listOf(isRate),
      retryAt: orNull(isText),
      openings: isNumber,
      rampUntil: orNull(isText),
      heldByOperator: isFlag,
      heldBy: orAbsent(orNull(isText)),
    }),
  ),
  cache: objectOf<ServiceView['cache']>({
    state: oneOf('empty', 'fresh', 'stale', 'suspect'),
    freshUntil: orNull(isText),
    loading: isFlag,
  }),
  health: orNull(objectOf<NonNullable<ServiceView['health']>>({ healthy: isFlag, at: isText })),
  lastFailure: orNull(objectOf<Failure>({ ...ERROR, cause: orNull(objectOf<ErrorView>(ERROR)), at: isText })),
  retryBudget: orNull(objectOf<Budget>({ calls: isNumber, retries: isNumber, remaining: isNumber })),
  queue: orNull(objectOf<Queue>({ waiting: isNumber, max: isNumber, wait: isLatency })),
  requestsPerSecond: orNull(isNumber),
  latency: isLatency,
  counts: objectOf<Counts>({
    totalRequests: isNumber,
    timedOutRequests: isNumber,
    rejectedRequests: isNumber,
    retries: objectOf<Counts['retries']>({ success: isNumber, failure: isNumber, denied: isNumber }),
    fallbacks: isNumber,
    cacheHits: isNumber,
    cacheMisses: isNumber,
    staleServed: isNumber,
  }),
}

const isRow = objectOf<ServiceRow>(ROW)

export const isServiceSheet: Shape<ServiceSheet> = objectOf<ServiceSheet>({
  ...ROW,
  settings: recordOf(isAnything),
  methods: recordOf(isLatency),
  events: listOf(isAnything),
})

export const isProcessState: Shape<ProcessState> = objectOf<ProcessState>({
  version: oneOf(1),
  at: isText,
  instance: objectOf<Snapshot['instance']>({ id: isText, environment: orNull(isText), startedAt: isText }),
  readOnly: isFlag,
  status: isLevel,
  stopping: isFlag,
  fleet: orAbsent(orNull(isFleet)),
  services: listOf(isRow),
  events: listOf(isAnything),
})

export const isActionState: Shape<ActionState> = objectOf<ActionState>({
  action: oneOf('invalidate', 'expire', 'reset', 'isolate', 'release', 'health-check', 'invalidate-all', 'reset-all'),
  services: listOf(isRow),
  healthy: orAbsent(isFlag),
  fleet: orAbsent(oneOf('sent', 'queued')),
})
