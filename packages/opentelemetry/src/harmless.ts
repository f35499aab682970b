import { diag } from '@opentelemetry/api'

/**
 * Runs what is done for OpenTelemetry beside a call. What it throws goes to `diag`: it must reach neither the call nor
 * the process, which `diagnostics_channel` would end with an uncaught exception.
 */
export function harmless<R>(observe: () => R): R | undefined {
  try {
    return observe()
  } catch (error) {
    report(error)
    return undefined
  }
}

function report(error: unknown): void {
  try {
    diag.error('@svcproxy/opentelemetry: a tracer or meter threw', error)
  } catch {
    // The application's own logger failed, so there is nobody left to tell.
  }
}
