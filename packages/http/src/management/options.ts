import type { ActionScope, ManagementAction } from './snapshot.ts'

/**
 * What `authorize` says of a request: true, or whose it is; false: not allowed (403); `unauthenticated`: it is not known
 * whose it is (401).
 */
export type Authorization = boolean | 'unauthenticated' | { readonly actor: string }

/** What a request wants: to see, or to change something. */
export type Access = 'read' | 'write'

/** A write, done or refused. */
export interface AuditEvent {
  /** When the action was begun or refused, by the wall clock of the manager. */
  readonly at: Date
  /** What the request asked for. */
  readonly action: ManagementAction
  /** Null: all services. */
  readonly service: string | null
  /** Where it was to take effect: here, or in all processes of the fleet. */
  readonly scope: ActionScope
  /** Whose it was, as `authorize` said; null: it did not. */
  readonly actor: string | null
  /** False: it was refused, and nothing was done. */
  readonly allowed: boolean
}

/** `R` is the framework's own request. */
export interface ManagementOptions<R = unknown> {
  /**
   * Who may see and who may act. Required: there is no default that lets anybody in. What throws, rejects or returns
   * anything else says no (403); what takes longer than `authorizeTimeoutMs` is answered with 503.
   */
  readonly authorize: (request: R, access: Access) => Authorization | PromiseLike<Authorization>
  /**
   * How long `authorize` may take before the answer is 503, in milliseconds.
   * @defaultValue 5 000  @throws {@link InvalidOptionError} when not in 1 … 2 147 483 647
   */
  readonly authorizeTimeoutMs?: number
  /** Refuses every action with 405. @defaultValue true */
  readonly readOnly?: boolean
  /** What comes before `/api/…`, for example `/ops/services`, where the framework does not mount. @defaultValue '' */
  readonly basePath?: string
  /** What the application calls the place it runs in: `production`. Confirmations name it. @defaultValue none */
  readonly environment?: string
  /** What tells this process from its siblings. @defaultValue eight random characters */
  readonly instanceId?: string
  /**
   * Makes the message of a service's error fit to be seen; undefined withholds it. Messages of this library hold no
   * secrets and are shown as they are. @defaultValue withholds all
   */
  readonly redact?: (error: unknown, service: string) => string | undefined
  /** Told of every write, also of those that were refused. */
  readonly onAudit?: (event: AuditEvent) => void
  /**
   * Origins, besides the request's own host, whose pages may act: `https://ops.example.com`, for a proxy that changes
   * the `Host` header. @defaultValue none
   */
  readonly trustedOrigins?: readonly string[]
  /** What 401 challenges with. @defaultValue `Bearer` */
  readonly challenge?: string
}
