/** The pattern's policy with shorter times, so that nobody has to wait. */
export const DEMO_POLICY = {
  failureThreshold: 5,
  recoveryTimeoutMs: 2_000,
  successThreshold: 3,
  timeoutMs: 1_000,
  // Where traffic is steady no minimum is needed: what retries add is a fifth of the reads at most.
  retryBudget: { ratio: 0.2, minPerSecond: 0 },
} as const
