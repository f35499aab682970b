import type { ActionScope, ManagementAction } from './snapshot.ts'

/**
 * What `authorize` says about a request. `true` or `{ actor }`: allowed, on behalf of that actor; `false`: not allowed
 * (403); `unauthenticated`: the client has to authenticate (401).
 */
export type Authorization = boolean | 'unauthenticated' | { readonly actor: string }

/** What a request wants: to read, or to change something. */
export type Access = 'read' | 'write'

/** A write, done or rejected. */
export interface AuditEvent {
  /** When the action began or was rejected, by the wall clock of the manager. */
  readonly at: Date
  /** The requested action. */
  readonly action: ManagementAction
  /** Null: all services. */
  readonly service: string | null
  /** Where it was to take effect: in this process, or in all processes of the fleet. */
  readonly scope: ActionScope
  /** The operator, as `authorize` said; null: it did not say. */
  readonly actor: string | null
  /** False: it was rejected, and nothing was done. */
  readonly allowed: boolean
}

/** Options of the management API. `R` is the framework's own request. */
export interface ManagementOptions<R = unknown> {
  /**
   * Decides who may see and who may act. Required: there is no default that lets anybody in. If it throws, rejects or
   * returns anything else, the answer is 403; if it takes longer than `authorizeTimeoutMs`, the answer is 503.
   */
  readonly authorize: (request: R, access: Access) => Authorization | PromiseLike<Authorization>
  /**
   * How long `authorize` may take before the answer is 503, in milliseconds.
   * @defaultValue 5 000  @throws {@link InvalidOptionError} when not in 1 … 2 147 483 647
   */
  readonly authorizeTimeoutMs?: number
  /** Rejects every action with 405. @defaultValue true */
  readonly readOnly?: boolean
  /** The path before `/api/…`, for example `/ops/services`, if the framework does not mount. @defaultValue '' */
  readonly basePath?: string
  /**
   * The name of the environment, for example `production`. Confirmations show it. 1 … 100 characters.
   * @defaultValue none
   */
  readonly environment?: string
  /**
   * Distinguishes this process from the application's others. 1 … 100 characters.
   * @defaultValue eight random characters
   */
  readonly instanceId?: string
  /**
   * Returns a version of a service's error message that operators may see; undefined withholds it. Messages of this
   * library contain no secrets and are shown as they are.
   * @defaultValue withholds all messages
   */
  readonly redact?: (error: unknown, service: string) => string | undefined
  /** Called for every write, also for rejected ones. Errors that it throws are ignored. */
  readonly onAudit?: (event: AuditEvent) => void
  /**
   * Origins besides the request's own host whose pages may act: `https://ops.example.com`, for a proxy that changes the
   * `Host` header.
   * @defaultValue none
   */
  readonly trustedOrigins?: readonly string[]
  /** The `WWW-Authenticate` header of a 401 response. @defaultValue `Bearer` */
  readonly challenge?: string
}
