/** The pattern's policy with shorter times, so that nobody has to wait. */
export const DEMO_POLICY = {
  failureThreshold: 5,
  recoveryTimeoutMs: 2_000,
  successThreshold: 3,
  timeoutMs: 1_000,
} as const
