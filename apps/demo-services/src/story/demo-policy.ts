/** The default policy with shorter times, so that nobody has to wait. */
export const DEMO_POLICY = {
  failureThreshold: 5,
  recoveryTimeoutMs: 2_000,
  successThreshold: 3,
  timeoutMs: 1_000,
  // With steady traffic no minimum is needed: retries add at most a fifth of the reads.
  retryBudget: { ratio: 0.2, minPerSecond: 0 },
} as const
