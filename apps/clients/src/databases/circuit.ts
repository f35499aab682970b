import type { CircuitPolicy } from '@svcproxy/core'

/** Opens at the second failure, and then stays open for longer than any test runs. */
export const OPENS_AT_SECOND_FAILURE: CircuitPolicy = { failureThreshold: 2, recoveryTimeoutMs: 60_000 }
