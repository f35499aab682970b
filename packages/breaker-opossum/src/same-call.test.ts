import { setImmediate as nextTurn } from 'node:timers/promises'
import { Circuit, resolveCircuitPolicy, systemClock } from '@svcproxy/core/adapter'
import * as fc from 'fast-check'
import type OpossumBreaker from 'opossum'
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { opossumBreaker as make, OpossumDecisionOptions } from './index.ts'

const FILTERED = new Error('not found')
const FAILED = new Error('service failed')
const GIVEN_UP = new Error('given up')
// Whether a bucket turns before or after what happens at the same moment is nobody's promise: buckets turn and calls start at
// even milliseconds, and deadlines pass at odd ones.
const TIMEOUT_MS = 25
const RECOVERY_MS = 60

type Ending = 'success' | 'failure' | 'filtered' | 'aborted'
type Step =
  | { readonly do: 'start' }
  | { readonly do: 'end'; readonly which: number; readonly ending: Ending }
  | { readonly do: 'pass'; readonly ms: number }

const optionSets: fc.Arbitrary<Required<OpossumDecisionOptions>> = fc.record({
  errorThresholdPercentage: fc.constantFrom(0, 20, 50, 50, 75, 99.9, 100),
  rollingCountTimeout: fc.constantFrom(20, 60, 120),
  rollingCountBuckets: fc.constantFrom(1, 3, 10),
  volumeThreshold: fc.constantFrom(0, 1, 3, 8),
  allowWarmUp: fc.boolean(),
  rollingPercentilesEnabled: fc.boolean(),
})
const histories: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ do: fc.constant('start' as const) }) },
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constant('end' as const),
        which: fc.nat({ max: 9 }),
        ending: fc.constantFrom<Ending>('success', 'success', 'failure', 'failure', 'filtered', 'aborted'),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('pass' as const),
        ms: fc.constantFrom(2, 2, 4, 6, 8, 20, 24, 26, 60, 118, 120, 122),
      }),
    },
  ),
  { minLength: 1, maxLength: 120, size: 'max' },
)

/** A call whose work the history ends, on one of the two sides. */
class Call {
  readonly controller = new AbortController()
  readonly work: Promise<unknown>
  #resolve!: (value: unknown) => void
  #reject!: (reason: unknown) => void

  constructor() {
    this.work = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    // The deadline may come first.
    this.work.catch(() => {})
  }

  end(ending: Ending): void {
    if (ending === 'success') this.#resolve('value')
    else if (ending === 'aborted') this.controller.abort(GIVEN_UP)
    else this.#reject(ending === 'failure' ? FAILED : FILTERED)
  }
}

/** A breaker, and how it is called and brought back when it has opened. */
interface Side {
  readonly raw: OpossumBreaker
  call(call: Call): Promise<unknown>
  /** Closed, as if it were new. */
  recover(): Promise<Side>
}

function byItself(Opossum: typeof OpossumBreaker, options: OpossumDecisionOptions): Side {
  const action = ({ work, controller: { signal } }: Call) =>
    new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(GIVEN_UP))
      work.then(resolve, reject)
    })
  const raw = new Opossum(action, {
    // opossum writes into the object.
    ...options,
    timeout: TIMEOUT_MS,
    errorFilter: (error) => error === FILTERED || error === GIVEN_UP,
    enableSnapshots: false,
  })
  return {
    raw,
    call: (call) => raw.fire(call),
    async recover() {
      raw.shutdown()
      await pass(RECOVERY_MS)
      return byItself(Opossum, { ...options, allowWarmUp: false })
    },
  }
}

type Factory = typeof make

function throughTheAdapter(opossumBreaker: Factory, options: OpossumDecisionOptions): Side {
  const breaker = opossumBreaker(options)
  const policy = resolveCircuitPolicy({
    failureThreshold: Infinity,
    successThreshold: 1,
    timeoutMs: TIMEOUT_MS,
    recoveryTimeoutMs: RECOVERY_MS,
    isFailure: (error) => error !== FILTERED,
  })
  // One of its own: deadlines are kept by clock, and no timer outlives its history.
  const clock = { ...systemClock }
  const circuit = new Circuit({ name: 'orders', policy, breaker, clock })
  const side: Side = {
    raw: breaker.circuits.get('orders')!,
    call: ({ controller: { signal }, work }) => circuit.execute({ startedAt: clock.now(), signal, run: () => work }),
    async recover() {
      await pass(RECOVERY_MS)
      await circuit.execute({ startedAt: clock.now(), run: () => 'the trial' })
      expect(circuit.state).toBe('closed')
      return side
    },
  }
  return side
}

async function pass(ms: number): Promise<void> {
  vi.advanceTimersByTime(ms)
  await nextTurn()
}

/** All there is to see: what callers are answered, when it opens, and the counts after each step. */
async function play(make: () => Side, history: readonly Step[]): Promise<unknown[]> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'] })
  const seen: unknown[] = []
  const watched = new Set<OpossumBreaker>()
  const watch = (side: Side): Side => {
    if (!watched.has(side.raw)) side.raw.on('open', () => seen.push('open'))
    watched.add(side.raw)
    return side
  }
  let side = watch(make())
  const calls: Call[] = []
  for (const step of history) {
    if (step.do === 'start') {
      const [call, index] = [new Call(), seen.length]
      calls.push(call)
      const answer = (result: unknown): unknown => {
        if (calls.includes(call)) calls.splice(calls.indexOf(call), 1)
        return seen.push(`the call of ${index} is answered: ${String(result).replace(/^.*\b25 ?ms.*$/, 'too late')}`)
      }
      void side.call(call).then(answer, answer)
    } else if (step.do === 'end') {
      calls[step.which % calls.length]?.end(step.ending)
    } else {
      vi.advanceTimersByTime(step.ms)
    }
    await nextTurn()
    seen.push({ step, stats: side.raw.stats, opened: side.raw.opened, warmUp: side.raw.warmUp })
    if (side.raw.opened) side = watch(await side.recover())
  }
  vi.useRealTimers()
  return seen
}

const MAJORS = [
  [10, () => import('opossum')],
  [9, () => import('opossum9')],
  [8, () => import('opossum8')],
] as const

afterEach(() => {
  vi.useRealTimers()
})

describe.each(MAJORS)('with the options of a bare opossum %i', (major, load) => {
  let Opossum: typeof OpossumBreaker
  let opossumBreaker: Factory

  beforeAll(async () => {
    vi.resetModules()
    vi.doUnmock('opossum')
    const { default: Bare } = await load()
    Opossum = Bare
    vi.doMock('opossum', () => ({ default: Bare }))
    const adapter = await import('./index.ts')
    opossumBreaker = adapter.opossumBreaker
  })

  test('the circuit opens on the same call, again after each recovery, and all counts agree', async () => {
    expect(throughTheAdapter(opossumBreaker, { volumeThreshold: 1 }).raw).toBeInstanceOf(Opossum)
    let openings = 0
    const property = fc.asyncProperty(optionSets, histories, async (options, history) => {
      const bare = await play(() => byItself(Opossum, options), history)
      expect(await play(() => throughTheAdapter(opossumBreaker, options), history)).toEqual(bare)
      openings += bare.filter((entry) => entry === 'open').length
    })
    await fc.assert(property, { seed: major, numRuns: 150 })
    expect(openings).toBeGreaterThan(100)
  })
})
