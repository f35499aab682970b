/** Every code this library's errors can carry. */
export type ErrorCode =
  | 'SVCPROXY_INVALID_OPTION'
  | 'SVCPROXY_UNKNOWN_SERVICE'
  | 'SVCPROXY_UNAVAILABLE'
  | 'SVCPROXY_CIRCUIT_OPEN'
  | 'SVCPROXY_TIMEOUT'
  | 'SVCPROXY_CAPACITY'
  | 'SVCPROXY_STOPPED'

/** Shared by all copies of this package in a process, so that the guard works across them. */
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
 * What all errors of this library have in common. `status`, `headers` and `expose` are the properties that the default
 * error handlers of Express and Koa read, so an unhandled one is already answered rightly.
 *
 * Its message never holds a host, a credential or a body of a service; what the service said is in `cause`.
 */
export abstract class SvcproxyError extends Error {
  static {
    Object.defineProperty(this.prototype, MARK, { value: true })
  }

  /** Tells one kind of error from another, whichever copy of the package made it. */
  abstract readonly code: ErrorCode
  /** False: the message is for logs, not for the client. */
  readonly expose = false as const

  /** The HTTP status that says the same. */
  get status(): number {
    return STATUS[this.code]
  }

  // Koa's default handler assigns the status it has read; without a setter that throws, and the request hangs.
  set status(_read: number) {}

  /** HTTP response headers that belong to the error, `Retry-After` for one. */
  get headers(): Readonly<Record<string, string>> {
    return this.retryAfterMs === undefined ? {} : { 'Retry-After': String(Math.ceil(this.retryAfterMs / 1000)) }
  }

  /** How long the caller should wait before it tries again, in milliseconds; undefined when nobody can tell. */
  get retryAfterMs(): number | undefined {
    return undefined
  }
}

/** True for every error of this library, from whichever copy of the package it came. */
export function isSvcproxyError(error: unknown): error is SvcproxyError {
  return typeof error === 'object' && error !== null && MARK in error
}

/** An option is out of its bounds. Thrown at construction, never later. */
export class InvalidOptionError extends SvcproxyError {
  /** What logs and stack traces show. */
  override readonly name = 'InvalidOptionError'
  /** Tells it from this library's other errors, whichever copy of the package made it. */
  readonly code = 'SVCPROXY_INVALID_OPTION'
  /** The option, for example `cacheTtlMs`. */
  readonly option: string

  /** @param expected what would have been accepted, for example `a number in 0 … Infinity` */
  constructor(option: string, expected: string, received: unknown) {
    super(`${option} must be ${expected}; received ${describe(received)}`)
    this.option = option
  }
}

/** A service was asked for by a name that nobody registered. */
export class UnknownServiceError extends SvcproxyError {
  /** What logs and stack traces show. */
  override readonly name = 'UnknownServiceError'
  /** Tells it from this library's other errors, whichever copy of the package made it. */
  readonly code = 'SVCPROXY_UNKNOWN_SERVICE'

  constructor(serviceName: string, knownNames: readonly string[]) {
    const known = knownNames.length === 0 ? 'none is registered' : `known: ${knownNames.join(', ')}`
    super(`There is no service named ${describe(serviceName)}; ${known}`)
  }
}

/** The service could not be had: its provider failed, or the instance did not pass its health check. */
export class ServiceUnavailableError extends SvcproxyError {
  /** What logs and stack traces show. */
  override readonly name = 'ServiceUnavailableError'
  /** Tells it from this library's other errors, whichever copy of the package made it. */
  readonly code = 'SVCPROXY_UNAVAILABLE'
  /** The service it is about. */
  readonly serviceName: string

  constructor(serviceName: string, reason: string, options?: ErrorOptions) {
    super(`Service '${serviceName}' is unavailable: ${reason}`, options)
    this.serviceName = serviceName
  }
}

/** The circuit does not admit calls now. Nothing was sent to the service. */
export class CircuitOpenError extends SvcproxyError {
  /** What logs and stack traces show. */
  override readonly name = 'CircuitOpenError'
  /** Tells it from this library's other errors, whichever copy of the package made it. */
  readonly code = 'SVCPROXY_CIRCUIT_OPEN'
  /** The service it is about. */
  readonly serviceName: string
  readonly #retryAfterMs: number | undefined

  /** @param retryAfterMs undefined while the circuit is isolated: only an operator knows when that ends */
  constructor(serviceName: string, retryAfterMs?: number, options?: ErrorOptions) {
    super(`The circuit of service '${serviceName}' does not admit calls now`, options)
    this.serviceName = serviceName
    this.#retryAfterMs = retryAfterMs
  }

  /** Until the circuit may admit a call, in milliseconds; undefined while it is isolated. */
  override get retryAfterMs(): number | undefined {
    return this.#retryAfterMs
  }
}

/** The service did not answer within its deadline. Whether the work was done nobody knows. */
export class ServiceTimeoutError extends SvcproxyError {
  /** What logs and stack traces show. */
  override readonly name = 'ServiceTimeoutError'
  /** Tells it from this library's other errors, whichever copy of the package made it. */
  readonly code = 'SVCPROXY_TIMEOUT'
  /** The service it is about. */
  readonly serviceName: string
  /** The deadline that passed, in milliseconds. */
  readonly timeoutMs: number

  constructor(serviceName: string, timeoutMs: number) {
    super(`Service '${serviceName}' did not answer within ${timeoutMs} ms`)
    this.serviceName = serviceName
    this.timeoutMs = timeoutMs
  }
}

/** The proxy has as much work under way as it may have. Nothing was sent to the service. */
export class CapacityError extends SvcproxyError {
  /** What logs and stack traces show. */
  override readonly name = 'CapacityError'
  /** Tells it from this library's other errors, whichever copy of the package made it. */
  readonly code = 'SVCPROXY_CAPACITY'
  /** The service it is about. */
  readonly serviceName: string

  constructor(serviceName: string, reason: string) {
    super(`Service '${serviceName}' takes no more work now: ${reason}`)
    this.serviceName = serviceName
  }

  /** A second: places come free as calls end. */
  override get retryAfterMs(): number {
    return 1000
  }
}

/** The proxy was stopped and takes no new work. */
export class StoppedError extends SvcproxyError {
  /** What logs and stack traces show. */
  override readonly name = 'StoppedError'
  /** Tells it from this library's other errors, whichever copy of the package made it. */
  readonly code = 'SVCPROXY_STOPPED'
  /** The service it is about. */
  readonly serviceName: string

  constructor(serviceName: string) {
    super(`Service '${serviceName}' was stopped`)
    this.serviceName = serviceName
  }
}

/**
 * Builds a refusal without a stack. Refusals come by the thousands when a service is down, all from the same line; to
 * walk the stack for each would cost ten times as much as all the rest of refusing, at the worst of times.
 */
export function refusal<E extends SvcproxyError>(build: () => E): E {
  const { stackTraceLimit } = Error
  // By Reflect, because it is not writable where the intrinsics are frozen.
  Reflect.set(Error, 'stackTraceLimit', 0)
  try {
    return build()
  } finally {
    Reflect.set(Error, 'stackTraceLimit', stackTraceLimit)
  }
}

/** By the error: which service was misused. Its circuit does not hear of it; that of another service may. */
const misuses = new WeakMap<object, string>()

/** What a caller is told who asks for something that a guarded service cannot give: a TypeError, as without the guard. */
export function misuse(serviceName: string, message: string): TypeError {
  const error = new TypeError(message)
  misuses.set(error, serviceName)
  return error
}

/** Whether `error` is the caller's mistake with this service, and says nothing about how the service does. */
export function isMisuseOf(serviceName: string, error: unknown): boolean {
  return error instanceof TypeError && misuses.get(error) === serviceName
}

/** Nothing was sent to the service, so nothing was learned about it. */
export function isRefusal(error: unknown): boolean {
  return error instanceof CircuitOpenError || error instanceof CapacityError || error instanceof StoppedError
}

/** A value as an error message shows it: its type and a bounded piece of it, never what an object holds. */
function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)
  if (typeof value === 'function') return 'a function'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object' && value !== null) return 'an object'
  return String(value)
}
