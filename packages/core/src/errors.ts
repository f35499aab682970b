/** The codes of this library's errors. */
export type ErrorCode =
  | 'SVCPROXY_INVALID_OPTION'
  | 'SVCPROXY_UNKNOWN_SERVICE'
  | 'SVCPROXY_UNAVAILABLE'
  | 'SVCPROXY_CIRCUIT_OPEN'
  | 'SVCPROXY_TIMEOUT'
  | 'SVCPROXY_CAPACITY'
  | 'SVCPROXY_STOPPED'

/** Shared by all copies of this package in a process, so that {@link isSvcproxyError} works across them. */
const MARK = Symbol.for('svcproxy.error')

const STATUS: Readonly<Record<ErrorCode, number>> = {
  SVCPROXY_INVALID_OPTION: 500,
  SVCPROXY_UNKNOWN_SERVICE: 500,
  SVCPROXY_UNAVAILABLE: 503,
  SVCPROXY_CIRCUIT_OPEN: 503,
  SVCPROXY_TIMEOUT: 504,
  SVCPROXY_CAPACITY: 503,
  SVCPROXY_STOPPED: 503,
}

/**
 * The base class of all errors of this library. `status`, `headers` and `expose` are the properties that the default
 * error handlers of Express and Koa read, so even an unhandled error gets the right response.
 *
 * The message never contains a host, a credential or a body from the service; the service's own error is in `cause`.
 */
export abstract class SvcproxyError extends Error {
  static {
    Object.defineProperty(this.prototype, MARK, { value: true })
  }

  /** Identifies the kind of error, also across copies of this package. */
  abstract readonly code: ErrorCode
  /** False: the message is for logs, not for clients. */
  readonly expose = false as const

  /** The HTTP status for this error. */
  get status(): number {
    return STATUS[this.code]
  }

  // Koa's default handler assigns the status that it has read; without a setter that throws, and the request hangs.
  set status(_read: number) {}

  /** The HTTP response headers for this error, for example `Retry-After`. */
  get headers(): Readonly<Record<string, string>> {
    return this.retryAfterMs === undefined ? {} : { 'Retry-After': String(Math.ceil(this.retryAfterMs / 1000)) }
  }

  /** How long the caller should wait before it tries again, in milliseconds; undefined if that is not known. */
  get retryAfterMs(): number | undefined {
    return undefined
  }
}

/** Whether `error` is an error of this library, from any copy of the package. */
export function isSvcproxyError(error: unknown): error is SvcproxyError {
  return typeof error === 'object' && error !== null && MARK in error
}

/**
 * An option is invalid: out of its bounds, of the wrong type, misspelt. Options of proxies and managers are checked at
 * construction, options of a call when it is made.
 */
export class InvalidOptionError extends SvcproxyError {
  /** The name shown in logs and stack traces. */
  override readonly name = 'InvalidOptionError'
  /** Identifies this kind of error, also across copies of the package. */
  readonly code = 'SVCPROXY_INVALID_OPTION'
  /** The option, for example `cacheTtlMs`. */
  readonly option: string

  /** @param expected what would have been accepted, for example `a number in 0 … Infinity` */
  constructor(option: string, expected: string, received: unknown) {
    super(`${option} must be ${expected}; received ${describe(received)}`)
    this.option = option
  }
}

/** No service is registered under the requested name. */
export class UnknownServiceError extends SvcproxyError {
  /** The name shown in logs and stack traces. */
  override readonly name = 'UnknownServiceError'
  /** Identifies this kind of error, also across copies of the package. */
  readonly code = 'SVCPROXY_UNKNOWN_SERVICE'

  constructor(serviceName: string, knownNames: readonly string[]) {
    const known = knownNames.length === 0 ? 'none is registered' : `known: ${knownNames.join(', ')}`
    super(`There is no service named ${describe(serviceName)}; ${known}`)
  }
}

/** The service is unavailable: its provider failed, or the instance did not pass its health check. */
export class ServiceUnavailableError extends SvcproxyError {
  /** The name shown in logs and stack traces. */
  override readonly name = 'ServiceUnavailableError'
  /** Identifies this kind of error, also across copies of the package. */
  readonly code = 'SVCPROXY_UNAVAILABLE'
  /** The name of the service. */
  readonly serviceName: string

  constructor(serviceName: string, reason: string, options?: ErrorOptions) {
    super(`Service '${serviceName}' is unavailable: ${reason}`, options)
    this.serviceName = serviceName
  }
}

/**
 * The circuit does not admit the call now: it is open, isolated or still ramping up, or its trials are in flight.
 * Nothing was sent to the service.
 */
export class CircuitOpenError extends SvcproxyError {
  /** The name shown in logs and stack traces. */
  override readonly name = 'CircuitOpenError'
  /** Identifies this kind of error, also across copies of the package. */
  readonly code = 'SVCPROXY_CIRCUIT_OPEN'
  /** The name of the service. */
  readonly serviceName: string
  readonly #retryAfterMs: number | undefined

  /**
   * @param retryAfterMs in milliseconds; undefined while the circuit is isolated: only an operator knows when that ends
   */
  constructor(serviceName: string, retryAfterMs?: number, options?: ErrorOptions) {
    super(`The circuit of service '${serviceName}' does not admit calls now`, options)
    this.serviceName = serviceName
    this.#retryAfterMs = retryAfterMs
  }

  /** How long until the circuit may admit a call, in milliseconds; undefined while it is isolated. */
  override get retryAfterMs(): number | undefined {
    return this.#retryAfterMs
  }
}

/** The service did not answer within its deadline. It is not known whether the work was done. */
export class ServiceTimeoutError extends SvcproxyError {
  /** The name shown in logs and stack traces. */
  override readonly name = 'ServiceTimeoutError'
  /** Identifies this kind of error, also across copies of the package. */
  readonly code = 'SVCPROXY_TIMEOUT'
  /** The name of the service. */
  readonly serviceName: string
  /** The deadline that passed, in milliseconds. */
  readonly timeoutMs: number

  constructor(serviceName: string, timeoutMs: number) {
    super(`Service '${serviceName}' did not answer within ${timeoutMs} ms`)
    this.serviceName = serviceName
    this.timeoutMs = timeoutMs
  }
}

/** The proxy has as many calls in flight as `maxConcurrentCalls` allows. Nothing was sent to the service. */
export class CapacityError extends SvcproxyError {
  /** The name shown in logs and stack traces. */
  override readonly name = 'CapacityError'
  /** Identifies this kind of error, also across copies of the package. */
  readonly code = 'SVCPROXY_CAPACITY'
  /** The name of the service. */
  readonly serviceName: string

  constructor(serviceName: string, reason: string) {
    super(`Service '${serviceName}' is at capacity: ${reason}`)
    this.serviceName = serviceName
  }

  /** Always 1 000 ms: capacity becomes free as calls end. */
  override get retryAfterMs(): number {
    return 1000
  }
}

/** The proxy was stopped and takes no new calls. */
export class StoppedError extends SvcproxyError {
  /** The name shown in logs and stack traces. */
  override readonly name = 'StoppedError'
  /** Identifies this kind of error, also across copies of the package. */
  readonly code = 'SVCPROXY_STOPPED'
  /** The name of the service. */
  readonly serviceName: string

  constructor(serviceName: string) {
    super(`Service '${serviceName}' was stopped`)
    this.serviceName = serviceName
  }
}

/**
 * Creates a rejection without a stack. When a service is down, rejections come by the thousands, all from the same
 * line; to capture the stack for each would cost ten times as much as the rest of the rejection.
 */
export function refusal<E extends SvcproxyError>(build: () => E): E {
  const { stackTraceLimit } = Error
  // With Reflect, because the property is not writable where the intrinsics are frozen.
  Reflect.set(Error, 'stackTraceLimit', 0)
  try {
    return build()
  } finally {
    Reflect.set(Error, 'stackTraceLimit', stackTraceLimit)
  }
}

/**
 * By error: the service that was misused. That service's circuit ignores the error; the circuit of another may count
 * it.
 */
const misuses = new WeakMap<object, string>()

/** The error for a caller that asks for something a guarded service cannot give: a TypeError, as without the guard. */
export function misuse(serviceName: string, message: string): TypeError {
  const error = new TypeError(message)
  misuses.set(error, serviceName)
  return error
}

/** Whether `error` is a caller's mistake with this service, and so says nothing about its health. */
export function isMisuseOf(serviceName: string, error: unknown): boolean {
  return error instanceof TypeError && misuses.get(error) === serviceName
}

/** Whether the call was rejected before anything was sent, so that nothing was learned about the service. */
export function isRefusal(error: unknown): boolean {
  return error instanceof CircuitOpenError || error instanceof CapacityError || error instanceof StoppedError
}

/** A value for an error message: its type, or a bounded part of it, never what an object contains. */
function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)
  if (typeof value === 'function') return 'a function'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object' && value !== null) return 'an object'
  return String(value)
}
