import type { BreakerFactory } from '@svcproxy/core'
import type { Admission, Attempt, BreakerContext } from '@svcproxy/core/adapter'
import { describe, expect, test } from 'vitest'
import { breakerContract, breakerContractCases, expectKept } from './breaker-contract.ts'
import { compareWithReference } from './breaker-contract/model.ts'
import { plainBreaker } from './plain-breaker.ts'

breakerContract('the plain breaker', { create: plainBreaker })

type Execute = <R>(attempt: Attempt<R>, context: BreakerContext) => Promise<R>

/** A breaker that differs from the plain one in how it executes. */
const broken =
  (make: () => Execute): BreakerFactory =>
  (context) => {
    const execute = make()
    return { execute: (attempt) => execute(attempt, context) }
  }

/** A breaker that does not pass on every end of an attempt. */
const deaf = (hears: (end: string, count: number, policy: BreakerContext['policy']) => boolean) =>
  broken(() => {
    let count = 0
    return (attempt, context) => {
      const admission = context.admit(attempt)
      if (admission === undefined) return Promise.reject(context.refuse(attempt))
      return context.run(attempt, {
        settled: (end, error, now, of) =>
          hears(end, ++count, context.policy) ? admission.settled(end, error, now, of) : 'ignored',
      })
    }
  })

/** Faults that an adapter can have, and what may find them. A contract counts only when each is found. */
const faults: Record<string, BreakerFactory> = {
  'opens one failure late': deaf((end, count) => !(end === 'rejected' && count === 1)),
  'does not tell that a trial goes on to its second part': deaf(() => true),
  'does not count timeouts': deaf((end) => end !== 'timeout'),
  'does not let a success zero the failures': deaf((end) => end !== 'fulfilled'),
  'keeps the permit of a trial that its caller aborts': deaf((end) => end !== 'aborted'),
  'counts a caller who aborts as a failure': broken(() => (attempt, context) => {
    const admission = context.admit(attempt)
    if (admission === undefined) return Promise.reject(context.refuse(attempt))
    return context.run(attempt, {
      settled: (end, error, now, of) => admission.settled(end === 'aborted' ? 'timeout' : end, error, now, of),
    })
  }),
  'counts every outcome for the call that was admitted last': broken(() => {
    let last: Admission | undefined
    return (attempt, context) => {
      const admission = context.admit(attempt)
      if (admission === undefined) return Promise.reject(context.refuse(attempt))
      last = admission
      return context.run(attempt, {
        settled: (end, error, now, of) => (last ?? admission).settled(end, error, now, of),
      })
    }
  }),
  'counts a refusal as a failure': broken(() => {
    let last: Admission | undefined
    return (attempt, context) => {
      const admission = context.admit(attempt)
      if (admission !== undefined) last = admission
      else last?.settled('timeout', undefined, attempt.startedAt, attempt)
      return admission === undefined ? Promise.reject(context.refuse(attempt)) : context.run(attempt, admission)
    }
  }),
  'admits everybody once it saw a trial': broken(() => {
    let trial: Admission | undefined
    return (attempt, context) => {
      const admission = context.admit(attempt)
      trial = admission ?? trial
      return trial === undefined ? Promise.reject(context.refuse(attempt)) : context.run(attempt, trial)
    }
  }),
  'queues what is refused': broken(() => {
    let queue: Promise<unknown> = Promise.resolve()
    return async (attempt, context) => {
      const before = queue
      let release: () => void = () => {}
      queue = new Promise<void>((resolve) => (release = resolve))
      await before
      const admission = context.admit(attempt)
      if (admission === undefined) release()
      if (admission === undefined) throw context.refuse(attempt)
      return context.run(attempt, admission).finally(release)
    }
  }),
  'shares one signal among all calls': broken(() => {
    const shared = new AbortController()
    return (attempt, context) => {
      const admission = context.admit(attempt)
      if (admission === undefined) return Promise.reject(context.refuse(attempt))
      const sharing: typeof attempt = {
        startedAt: attempt.startedAt,
        signal: attempt.signal,
        run: (own) => attempt.run({ signal: shared.signal, restartDeadline: () => own.restartDeadline() }),
        settled: (end, error, now, outcome) => {
          attempt.settled?.(end, error, now, outcome)
          if (end === 'timeout') shared.abort(error)
        },
        ended: () => attempt.ended?.(),
      }
      return context.run(sharing, admission)
    }
  }),
  'rejects with an error of its own when open': broken(() => (attempt, context) => {
    const admission = context.admit(attempt)
    if (admission !== undefined) return context.run(attempt, admission)
    context.refuse(attempt)
    return Promise.reject(new Error('Breaker is open'))
  }),
  'wraps the error of the operation': broken(() => async (attempt, context) => {
    const admission = context.admit(attempt)
    if (admission === undefined) throw context.refuse(attempt)
    try {
      return await context.run(attempt, admission)
    } catch (error) {
      if (error instanceof Error) throw error
      throw new Error(String(error), { cause: error })
    }
  }),
  'throws where it should reject': broken(() => (attempt, context) => {
    const admission = context.admit(attempt)
    if (admission === undefined) throw context.refuse(attempt)
    return context.run(attempt, admission)
  }),
  'refuses without telling the attempt': broken(() => (attempt, context) => {
    const admission = context.admit(attempt)
    if (admission !== undefined) return context.run(attempt, admission)
    return Promise.reject(context.refuse({ startedAt: attempt.startedAt, run: () => undefined }))
  }),
  'runs an attempt twice': broken(() => (attempt, context) => {
    const admission = context.admit(attempt)
    if (admission === undefined) return Promise.reject(context.refuse(attempt))
    void context.run(attempt, admission).catch(() => {})
    return context.run(attempt, admission)
  }),
  'has a timer for each service': (context) => {
    const timer = setInterval(() => {}, 1_000).unref()
    return { ...plainBreaker(context), dispose: () => clearInterval(timer) }
  },
  'shares what it knows between services': (() => {
    let shared: BreakerContext | undefined
    return (context: BreakerContext) => {
      shared ??= context
      return plainBreaker({ ...shared, clock: context.clock })
    }
  })(),
  'loses the async context of the caller': broken(() => {
    const waiting: (() => void)[] = []
    const worker = (async () => {
      for (;;) {
        await Promise.resolve()
        waiting.shift()?.()
        if (waiting.length === 0) return
      }
    })()
    return (attempt, context) => {
      const admission = context.admit(attempt)
      if (admission === undefined) return Promise.reject(context.refuse(attempt))
      return new Promise((resolve) => {
        waiting.push(() => resolve(context.run(attempt, admission)))
        void worker.then(() => waiting.shift()?.())
      })
    }
  }),
}

/** The title of the first promise that `breaker` breaks. */
async function brokenPromise(breaker: BreakerFactory): Promise<string | undefined> {
  for (const promise of breakerContractCases({})) {
    try {
      await expectKept(promise, breaker)
    } catch {
      return promise.title
    }
  }
  return undefined
}

describe('the contract finds a breaker that', () => {
  for (const [fault, breaker] of Object.entries(faults)) {
    test(fault, async () => {
      expect(await brokenPromise(breaker)).toBeDefined()
    })
  }

  test('leaves a rejection unhandled', async () => {
    const careless = broken(() => (attempt, context) => {
      const admission = context.admit(attempt)
      if (admission === undefined) return Promise.reject(context.refuse(attempt))
      const answer = context.run(attempt, admission)
      void answer.finally(() => {})
      return answer
    })
    // The test runner hears unhandled rejections, too, and would call each of them an error.
    const runners = process.listeners('unhandledRejection')
    process.removeAllListeners('unhandledRejection')
    process.on('unhandledRejection', () => {})
    const found = await brokenPromise(careless)
    process.removeAllListeners('unhandledRejection')
    for (const listener of runners) process.on('unhandledRejection', listener)
    expect(found).toMatch(/^17\. /)
  })

  test('differs from the reference in one rare history', async () => {
    const rare = deaf((end, count, { maxTrials }) => !(end === 'aborted' && count > 3 && maxTrials > 1))
    await expect(compareWithReference(rare, 20_000, 1)).rejects.toThrow('seed')
  })
})
