import type { BreakerFactory } from '@svcproxy/core'
import { breakerContract } from './breaker-contract.ts'

/** The port's least implementation: no library at all. */
const plainBreaker: BreakerFactory = (context) => ({
  execute: (attempt) => {
    const admission = context.admit(attempt.startedAt)
    return admission === undefined ? Promise.reject(context.refuse(attempt)) : context.run(attempt, admission)
  },
})

breakerContract('the plain breaker', { create: plainBreaker })
