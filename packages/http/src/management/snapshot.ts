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

// The responses of the management API, as JSON. Times are ISO 8601 by the wall clock of the process, so that a
// response does not change while nothing happens; durations are in milliseconds.

/** `GET api/snapshot`: everything that a page needs to show the services of a process. No service is asked for it. */
export interface Snapshot {
  /** The version of this format. */
  readonly version: 1
  /** When it was made. With it a client can show countdowns although its own clock differs. Not part of the ETag. */
  readonly at: string
  /** The process that answered. */
  readonly instance: InstanceView
  /** Whether all actions are rejected. */
  readonly readOnly: boolean
  /**
   * The worst status of all services, and `warn` while the process is disconnected from its fleet; `fail` while the
   * manager stops.
   */
  readonly status: HealthLevel
  /** Whether the manager was told to stop; stays true once it has stopped. */
  readonly stopping: boolean
  /** The fleet that the process has joined; null: none. */
  readonly fleet: FleetView | null
  /** All services, in the order they were added. */
  readonly services: readonly ServiceView[]
  /** The newest events, oldest first; at most {@link SNAPSHOT_EVENTS}. */
  readonly events: readonly TimelineEvent[]
}

/** A process. */
export interface InstanceView {
  /**
   * Distinguishes this process from the application's others: the option `instanceId`, else eight random characters.
   */
  readonly id: string
  /** The name of the environment, for example `production`: the option `environment`; null: not set. */
  readonly environment: string | null
  /** When the management API was created. */
  readonly startedAt: string
}

/**
 * The fleet of a process. `members` and `circuits` are the same whichever process is asked; the rest is about the
 * process that answered.
 */
export interface FleetView {
  /** The namespace of the fleet. */
  readonly namespace: string
  /** Whether the process receives the messages of the others. */
  readonly state: FleetState
  /** When it entered that state. */
  readonly since: string
  /** The id of the process among `members`. */
  readonly member: string
  /**
   * The live members in the order of their labels, as of their last heartbeats: at most five seconds ago, and at once
   * when a circuit changes.
   */
  readonly members: readonly FleetMemberView[]
  /** The circuits that the fleet shares and that it has reported. */
  readonly circuits: readonly FleetCircuitView[]
  /** Invalidations made here that have not been sent to the fleet yet. */
  readonly queuedInvalidations: number
  /** What the process has counted since it joined. */
  readonly counts: FleetCounts
  /** The last error of the store, without its message; null before the first. */
  readonly lastError: ErrorView | null
}

/** A process in a {@link FleetView}. */
export interface FleetMemberView {
  /** Unique among all members, past and present. */
  readonly id: string
  /** Where it runs: for example a host and a process id. */
  readonly label: string
  /** The time of its last heartbeat. */
  readonly seenAt: string
  /** Its services that are not entirely healthy, by name. */
  readonly services: Readonly<Record<string, ServiceReport>>
}

/** A circuit in a {@link FleetView}. */
export interface FleetCircuitView {
  /** The name of the service. */
  readonly service: string
  /** While it is open, one member at a time may probe the service. */
  readonly state: 'closed' | 'open'
  /** When a member may probe; null: at once, or the circuit is closed. */
  readonly retryAt: string | null
  /** The id of the member that probes, and when its lease ends; null: none probes. */
  readonly probe: { readonly member: string; readonly until: string } | null
}

/** One service in a {@link Snapshot}. */
export interface ServiceView {
  /** The name the service was added under: `manager.add(name, …)`. */
  readonly name: string
  /** Whether the application is not ready while this service is unhealthy. */
  readonly critical: boolean
  /** Whether its proxy was stopped: then all calls are rejected. */
  readonly stopped: boolean
  /** By its circuit (unless that only observes) and its last health check; `fail` only for a critical service. */
  readonly status: HealthLevel
  /** Its circuit; null: it has none. */
  readonly circuit: CircuitView | null
  /** The cached instance, and whether one is being loaded now. */
  readonly cache: {
    readonly state: CacheStatus['state']
    /** When it stops being fresh; null unless it is fresh, and if it is fresh until it is invalidated. */
    readonly freshUntil: string | null
    readonly loading: boolean
  }
  /** The last health check; null before the first. */
  readonly health: { readonly healthy: boolean; readonly at: string } | null
  /** The last failed request; null before the first. */
  readonly lastFailure: FailureView | null
  /** Counts since the proxy was created. */
  readonly counts: RequestCounts
  /**
   * The retryable calls of the last ten seconds, their retries, and how many more retries are allowed now; null before
   * the first such call.
   */
  readonly retryBudget: RetryBudgetStatus | null
  /**
   * The calls that are queued because of `maxConcurrentCalls`: how many now, the maximum, and how long calls were
   * queued since the proxy was created, however the wait ended. Null: calls are not queued, `maxQueuedCalls` is 0.
   */
  readonly queue: { readonly waiting: number; readonly max: number; readonly wait: LatencySummary } | null
  /** Over the last {@link RATE_WINDOW_MS}; null before the second sample. */
  readonly requestsPerSecond: number | null
  /** The latency of all requests that did work, since the proxy was created. */
  readonly latency: LatencySummary
  /** Requests of the last five minutes, for a chart. */
  readonly history: RequestHistory
}

/** A circuit in a {@link ServiceView}. */
export interface CircuitView {
  /**
   * `half_open`: only trial calls are admitted; `isolated`: held open by an operator or by the application. In
   * `observe` mode every state but `isolated` only says what the circuit would do.
   */
  readonly state: CircuitState
  /** `observe`: it rejects nothing, whatever its state, unless it is isolated. */
  readonly mode: CircuitStatus['mode']
  /** In `observe` mode: how many calls it would have rejected since the proxy was created, else 0. */
  readonly wouldReject: number
  /** When the circuit entered this state, as ISO 8601. */
  readonly since: string
  /** Failures in a row while closed; 0 in every other state. */
  readonly consecutiveFailures: number
  /** The number of `consecutiveFailures` that opens the circuit; null: no number does (`Infinity` in the options). */
  readonly failureThreshold: number | null
  /**
   * The rolling windows of `failureRate` and `slowCalls`; empty without these rules, and unless the circuit is closed.
   */
  readonly rates: readonly RateStatus[]
  /** Successful trial calls while half-open; 0 in every other state. */
  readonly successfulTrials: number
  /** The number of `successfulTrials` that closes the circuit. */
  readonly successThreshold: number
  /** When it may admit a call; null unless it is open. */
  readonly retryAt: string | null
  /**
   * How often it has opened since it was last closed; with `recoveryBackoff` each opening lasts longer. 0 while closed.
   */
  readonly openings: number
  /** When all calls are admitted again; null unless it is ramping up after closing. */
  readonly rampUntil: string | null
  /** Whether it is held open through this API, and can be released through it. */
  readonly heldByOperator: boolean
  /** The name of the coordinator that holds it open or lets it make trials: `fleet`; null: none. */
  readonly heldBy: string | null
}

/** An error as an operator may see it. */
export interface ErrorView {
  /** The class, for example `ServiceTimeoutError`. */
  readonly name: string
  /** The `code`, for example `ECONNREFUSED`; null: it has none. */
  readonly code: string | null
  /**
   * The message: for an error of this library, which contains no secrets, as it is; for others, the result of `redact`;
   * null: withheld.
   */
  readonly message: string | null
}

/** The last failure of a service. */
export interface FailureView extends ErrorView {
  /** The cause, for example the error of a provider; null: it has none. */
  readonly cause: ErrorView | null
  /** When the failure happened, as ISO 8601. */
  readonly at: string
}

/** How many requests ended in each of the last intervals, oldest first; without the current interval. */
export interface RequestHistory {
  /** The length of an interval, in milliseconds. */
  readonly intervalMs: number
  /** All requests that ended, with any outcome. One number per interval, at most 60; empty at first. */
  readonly requests: readonly number[]
  /** The failed ones among them. */
  readonly failures: readonly number[]
  /** The rejected ones among them. */
  readonly rejections: readonly number[]
}

/** `GET api/services/:name`: {@link ServiceView} and more. */
export interface ServiceDetail extends ServiceView {
  /** The effective options. Rules that are off are left out; `requestTimeoutMs` is null if it is not set. */
  readonly settings: Readonly<Record<string, SettingValue>>
  /** Latencies by method. */
  readonly methods: Readonly<Record<string, LatencySummary>>
  /** The events of this service, oldest first. */
  readonly events: readonly TimelineEvent[]
}

/**
 * The value of an option, or its nested options: `settings.circuit.failureRate.ratio`. Null stands for `Infinity`,
 * which JSON lacks.
 */
export type SettingValue = number | boolean | string | null | { readonly [option: string]: SettingValue }

/** Something that happened. */
export type TimelineEvent = {
  /** Increases by one with each event of the process. */
  readonly id: number
  readonly at: string
  /** Null: all services. */
  readonly service: string | null
} &
  /** `observed`: the circuit only observes. `cause`: who caused the event. */
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
    /** `retry-denied`: the retry budget is used up; reported again if no retry was denied for a minute in between. */
    | { readonly type: 'retry-denied' | 'stop' }
    | {
        readonly type: 'audit'
        readonly action: ManagementAction
        readonly scope: ActionScope
        readonly actor: string | null
      }
  )

/**
 * Where an action takes effect: in the process that is asked or, for an invalidation, in all processes of its fleet.
 */
export type ActionScope = 'process' | 'fleet'

/** The actions of operators. */
export type ManagementAction =
  | 'invalidate'
  | 'expire'
  | 'reset'
  | 'isolate'
  | 'release'
  | 'health-check'
  | 'invalidate-all'
  | 'reset-all'

/** `GET api/events?after=ID`: the events since then, oldest first. */
export interface EventPage {
  /** The events with an id above `after`; all that are kept (at most 500) if `missed` is true. */
  readonly events: readonly TimelineEvent[]
  /** The `after` of the next request. */
  readonly lastId: number
  /** Whether events between `after` and the first of these are no longer kept. */
  readonly missed: boolean
}

/** The response to an action: the new state of the service, or of all services for `…-all`. */
export interface ActionResult {
  /** The action that was carried out. */
  readonly action: ManagementAction
  /** The services it was applied to, in their new state. */
  readonly services: readonly ServiceView[]
  /** The result of a `health-check`; not for other actions. */
  readonly healthy?: boolean
  /**
   * Only with the scope `fleet`: the others were told (`sent`), or will be as soon as the store can be reached
   * (`queued`).
   */
  readonly fleet?: 'sent' | 'queued'
}

/** The maximum number of events in a snapshot. */
export const SNAPSHOT_EVENTS = 50
/** The window of {@link ServiceView.requestsPerSecond}, in milliseconds. */
export const RATE_WINDOW_MS = 10_000
