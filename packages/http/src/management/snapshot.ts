import type {
  CacheStatus,
  Cause,
  CircuitState,
  CircuitStatus,
  FleetCounts,
  FleetState,
  HealthLevel,
  LatencySummary,
  RateStatus,
  RequestCounts,
  RetryBudgetStatus,
  ServiceReport,
} from '@svcproxy/core'

// What the management API answers, as JSON. Points in time are ISO 8601 by the wall clock of the process, so that an
// answer does not change while nothing happens; durations are milliseconds.

/** `GET api/snapshot`: everything a page needs to show the services of a process, made without asking any of them. */
export interface Snapshot {
  /** Of this format. */
  readonly version: 1
  /** When it was made; a client that knows it can show countdowns although its own clock differs. Not part of the ETag. */
  readonly at: string
  /** The process that answers. */
  readonly instance: InstanceView
  /** No action is allowed. */
  readonly readOnly: boolean
  /** The worst of all services, `warn` while the process does not hear its fleet; `fail` while the manager stops. */
  readonly status: HealthLevel
  /** Whether the manager was told to stop; stays true once it has stopped. */
  readonly stopping: boolean
  /** The fleet that the process is in; null: none. */
  readonly fleet: FleetView | null
  /** In the order they were added. */
  readonly services: readonly ServiceView[]
  /** The newest, oldest first; at most {@link SNAPSHOT_EVENTS}. */
  readonly events: readonly TimelineEvent[]
}

/** The process. */
export interface InstanceView {
  /** Tells this process from the application's others: the option `instanceId`, else eight random characters. */
  readonly id: string
  /** What the application calls the place it runs in, `production` for example; null: it did not say. */
  readonly environment: string | null
  /** When the management API was made. */
  readonly startedAt: string
}

/**
 * The fleet of a process. `members` and `circuits` are the same whichever process is asked; what else stands here is of the
 * process that answers.
 */
export interface FleetView {
  /** Which fleet this is. */
  readonly namespace: string
  /** Whether the process hears the others. */
  readonly state: FleetState
  /** When it entered that state. */
  readonly since: string
  /** The id of the process among `members`. */
  readonly member: string
  /** Those that live, by their labels, as they last told: at most five seconds ago, and at once when a circuit changes. */
  readonly members: readonly FleetMemberView[]
  /** The circuits that the fleet shares, those of which it has told. */
  readonly circuits: readonly FleetCircuitView[]
  /** Scopes that were invalidated here and of which the fleet has not heard. */
  readonly queuedInvalidations: number
  /** What the process has counted since it joined. */
  readonly counts: FleetCounts
  /** What the store last failed with, its message withheld; null before the first. */
  readonly lastError: ErrorView | null
}

/** A process in a {@link FleetView}. */
export interface FleetMemberView {
  /** Unique among all members that ever were. */
  readonly id: string
  /** Where it runs: a host and a process id, say. */
  readonly label: string
  /** When it last told of itself. */
  readonly seenAt: string
  /** Its services that are not simply well, by name. */
  readonly services: Readonly<Record<string, ServiceReport>>
}

/** A circuit in a {@link FleetView}. */
export interface FleetCircuitView {
  /** Whose it is. */
  readonly service: string
  /** While it is open, one member after the other may probe. */
  readonly state: 'closed' | 'open'
  /** When a member may probe; null: at once, or it is closed. */
  readonly retryAt: string | null
  /** The id of the member that probes, and how long it may take over it; null: none does. */
  readonly probe: { readonly member: string; readonly until: string } | null
}

/** One service in a {@link Snapshot}. */
export interface ServiceView {
  /** The name the service was added under: `manager.add(name, …)`. */
  readonly name: string
  /** Whether the application is not ready while this service is unhealthy. */
  readonly critical: boolean
  /** Whether its proxy was stopped; all calls are then rejected. */
  readonly stopped: boolean
  /** What its circuit, unless it only observes, and its last health check say; `fail` only for a critical service. */
  readonly status: HealthLevel
  /** Null: it has none. */
  readonly circuit: CircuitView | null
  /** The cached instance, and whether one is being loaded now. */
  readonly cache: {
    readonly state: CacheStatus['state']
    /** Null unless it is fresh; null, too, when it is fresh until it is invalidated. */
    readonly freshUntil: string | null
    readonly loading: boolean
  }
  /** The last health check; null before the first. */
  readonly health: { readonly healthy: boolean; readonly at: string } | null
  /** Null before the first. */
  readonly lastFailure: FailureView | null
  /** Since the proxy was made; `retries` by outcome. */
  readonly counts: RequestCounts
  /** The calls of the last ten seconds that could be retried, their retries, and how many more there may be; null before the first such call. */
  readonly retryBudget: RetryBudgetStatus | null
  /**
   * The calls that wait for one of `maxConcurrentCalls` to end: how many now, how many may at most, and how long they
   * waited since the proxy was made, however the wait ended. Null: none does, `maxQueuedCalls` is 0.
   */
  readonly queue: { readonly waiting: number; readonly max: number; readonly wait: LatencySummary } | null
  /** Over the last {@link RATE_WINDOW_MS}; null before the first two samples. */
  readonly requestsPerSecond: number | null
  /** Of all requests that did work, since the proxy was made. */
  readonly latency: LatencySummary
  /** Requests of the last five minutes, for a chart. */
  readonly history: RequestHistory
}

/** A circuit in a {@link ServiceView}. */
export interface CircuitView {
  /**
   * `half_open`: only trial calls are admitted; `isolated`: held open by an operator or by the application. In `observe`
   * mode all but `isolated` is what it would do.
   */
  readonly state: CircuitState
  /** `observe`: it refuses nothing, whatever its state; only an isolation holds. */
  readonly mode: CircuitStatus['mode']
  /** In `observe` mode: how many calls it would have refused since the proxy was made, else 0. */
  readonly wouldReject: number
  /** When the circuit entered this state, as ISO 8601. */
  readonly since: string
  /** Failures in a row while closed; 0 in every other state. */
  readonly consecutiveFailures: number
  /** The number of `consecutiveFailures` that opens the circuit; null: no number does, `Infinity` in the options. */
  readonly failureThreshold: number | null
  /** Where the windows of `failureRate` and `slowCalls` stand; empty without these rules, and unless it is closed. */
  readonly rates: readonly RateStatus[]
  /** Successful trial calls while half-open; 0 in every other state. */
  readonly successfulTrials: number
  /** The number of `successfulTrials` that closes the circuit. */
  readonly successThreshold: number
  /** When it may admit a call; null unless it is open. */
  readonly retryAt: string | null
  /** How often it has opened since it was last closed, with `recoveryBackoff` each time for longer; 0 while closed. */
  readonly openings: number
  /** When all calls are let through again; null unless it lets a growing part of them through after a close. */
  readonly rampUntil: string | null
  /** It is held open through this API, and can be released through it. */
  readonly heldByOperator: boolean
  /** What holds it open, or has it make its trials, for several processes: `fleet`; null: nothing does. */
  readonly heldBy: string | null
}

/** An error as an operator may see it. */
export interface ErrorView {
  /** The class, `ServiceTimeoutError` for example. */
  readonly name: string
  /** Its `code`, `ECONNREFUSED` for example; null: it has none. */
  readonly code: string | null
  /** This library's own messages, which hold no secrets, and what `redact` made of others; null: withheld. */
  readonly message: string | null
}

/** The last failure of a service. */
export interface FailureView extends ErrorView {
  /** What a provider failed with, for example; null: it has none. */
  readonly cause: ErrorView | null
  /** When the failure happened, as ISO 8601. */
  readonly at: string
}

/** How many requests ended in each of the last intervals, oldest first; the current one is not among them. */
export interface RequestHistory {
  /** The length of an interval, in milliseconds. */
  readonly intervalMs: number
  /** All requests that ended, whatever their outcome. One number per interval, at most 60; empty at first. */
  readonly requests: readonly number[]
  /** Of those, the failed ones. */
  readonly failures: readonly number[]
  /** Of those, the rejected ones. */
  readonly rejections: readonly number[]
}

/** `GET api/services/:name`: {@link ServiceView} and more. */
export interface ServiceDetail extends ServiceView {
  /** The effective options. A rule that is off is left out; `requestTimeoutMs` is null without one. */
  readonly settings: Readonly<Record<string, SettingValue>>
  /** Latencies by method. */
  readonly methods: Readonly<Record<string, LatencySummary>>
  /** Of this service, oldest first. */
  readonly events: readonly TimelineEvent[]
}

/** An option's value, or those below it: `settings.circuit.failureRate.ratio`. Null stands for `Infinity`, which JSON lacks. */
export type SettingValue = number | boolean | string | null | { readonly [option: string]: SettingValue }

/** Something that happened. */
export type TimelineEvent = {
  /** Grows by one with each event of the process. */
  readonly id: number
  readonly at: string
  /** Null: all services. */
  readonly service: string | null
} &
  /** `observed`: the circuit only observes. `cause`: who is behind it. */
  (
    | {
        readonly type: 'circuit'
        readonly from: CircuitState
        readonly to: CircuitState
        readonly observed: boolean
        readonly cause: Cause
      }
    | { readonly type: 'health'; readonly healthy: boolean }
    | { readonly type: 'invalidate' | 'expire'; readonly cause: Cause }
    /** `retry-denied`: the retry budget is used up; told again when no retry was denied for a minute in between. */
    | { readonly type: 'retry-denied' | 'stop' }
    | {
        readonly type: 'audit'
        readonly action: ManagementAction
        readonly scope: ActionScope
        readonly actor: string | null
      }
  )

/** Where an action takes effect: in the process that is asked, or, of an invalidation, in all of its fleet. */
export type ActionScope = 'process' | 'fleet'

/** What an operator can do. */
export type ManagementAction =
  | 'invalidate'
  | 'expire'
  | 'reset'
  | 'isolate'
  | 'release'
  | 'health-check'
  | 'invalidate-all'
  | 'reset-all'

/** `GET api/events?after=ID`: what happened since, oldest first. */
export interface EventPage {
  /** The events with an id above `after`; all that are kept (at most 500) when `missed` is true. */
  readonly events: readonly TimelineEvent[]
  /** To be asked with next. */
  readonly lastId: number
  /** Events between `after` and the first of these are no longer kept. */
  readonly missed: boolean
}

/** What an action answers with: the new state; of all services for `…-all`. */
export interface ActionResult {
  /** The action that was carried out. */
  readonly action: ManagementAction
  /** The services it was applied to, as they are afterwards. */
  readonly services: readonly ServiceView[]
  /** Only of `health-check`. */
  readonly healthy?: boolean
  /** Only with the scope `fleet`: the others were told, or will be as soon as the store can be reached (`queued`). */
  readonly fleet?: 'sent' | 'queued'
}

/** How many events a snapshot has at most. */
export const SNAPSHOT_EVENTS = 50
/** The window of {@link ServiceView.requestsPerSecond}, in milliseconds. */
export const RATE_WINDOW_MS = 10_000
