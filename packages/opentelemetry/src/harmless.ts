import { diag } from '@opentelemetry/api'

/**
 * Runs work for OpenTelemetry next to a call. Its errors go to `diag`: they must reach neither the call nor the
 * process, which `diagnostics_channel` would end with an uncaught exception.
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
    // The application's own logger has failed; nothing is left to report to.
  }
}
