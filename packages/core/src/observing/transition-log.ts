import type { ServiceEvent, ServiceEventOf } from './events.ts'

/** A logger: pino, or anything that takes fields first and a message second. */
export interface Logger {
  /** For changes to the better: a circuit closed, a service is healthy again. */
  info(fields: object, message: string): void
  /** For what may need attention: a circuit opened, a service is unhealthy. */
  warn(fields: object, message: string): void
}

/** What is logged of an error: its name and code. Its message and its other properties could contain anything. */
interface LoggedError {
  readonly name: string
  readonly code: string | number | undefined
  /** The same for its cause: for example the error of the provider. */
  readonly cause?: LoggedError
}

/**
 * Logs a transition: of the circuit, of the service's health, the stop of the proxy, a failed disposal. No other events
 * are logged, and no single requests: a log is not a metric.
 */
export function logTransition(logger: Logger, event: ServiceEvent, lastError: unknown): void {
  const { service } = event
  if (event.type === 'circuit') {
    logCircuit(logger, event, lastError)
  } else if (event.type === 'health') {
    const { healthy } = event
    logger[healthy ? 'info' : 'warn'](
      { service, healthy },
      `Service '${service}' is ${healthy ? 'healthy again' : 'unhealthy'}`,
    )
  } else if (event.type === 'dispose' && event.error !== undefined) {
    logger.warn(
      { service, error: errorFields(event.error) },
      `An instance of service '${service}' could not be disposed`,
    )
  } else if (event.type === 'stop') {
    logger.info({ service }, `Service '${service}' was stopped`)
  }
}

function logCircuit(logger: Logger, event: ServiceEventOf<'circuit'>, lastError: unknown): void {
  const { service, from, to, observed } = event
  const fields = {
    service,
    from,
    to,
    ...(observed && { observed }),
    lastError: to === 'open' && lastError !== undefined ? errorFields(lastError) : undefined,
  }
  const message =
    observed && to !== 'isolated'
      ? `The circuit of service '${service}' would be ${WORDS[to]} (mode: observe)`
      : `The circuit of service '${service}' is ${WORDS[to]}`
  logger[to === 'open' || to === 'isolated' ? 'warn' : 'info'](fields, message)
}

const WORDS = { closed: 'closed', open: 'open', half_open: 'half-open', isolated: 'isolated' } as const

function errorFields(error: unknown): LoggedError {
  if (!(error instanceof Error)) return { name: typeof error, code: undefined }
  const { cause } = error
  return { ...nameAndCode(error), ...(cause instanceof Error && { cause: nameAndCode(cause) }) }
}

function nameAndCode(error: Error): LoggedError {
  const code: unknown = 'code' in error ? error.code : undefined
  return { name: error.name, code: typeof code === 'string' || typeof code === 'number' ? code : undefined }
}
