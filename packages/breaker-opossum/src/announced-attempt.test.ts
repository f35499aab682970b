import { CircuitOpenError } from '@svcproxy/core'
import { Circuit, resolveCircuitPolicy } from '@svcproxy/core/adapter'
import { ManualClock } from '@svcproxy/testing'
import Opossum10 from 'opossum'
import Opossum8 from 'opossum8'
import Opossum9 from 'opossum9'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { opossumBreaker } from './index.ts'

const FAILED = new Error('service failed')
const NOT_FOUND = new Error('not found')
const GIVEN_UP = new Error('given up')
const TIMEOUT_MS = 5_000
const RECOVERY_MS = 30_000

interface Call {
  readonly run: () => Promise<unknown>
  /** When its caller gives it up. */
  readonly abortMs?: number
}

const hang = () => new Promise(() => {})
const after = (ms: number, { run }: Call): Call => ({ run: () => new Promise((end) => setTimeout(end, ms)).then(run) })
const SUCCESS: Call = { run: () => Promise.resolve('value') }
const FAILURE: Call = { run: () => Promise.reject(FAILED) }
const FILTERED: Call = { run: () => Promise.reject(NOT_FOUND) }
const HUNG: Call = { run: hang }
const ABORTED: Call = { run: hang, abortMs: 250 }
const THROWS: Call = {
  run: () => {
    throw FAILED
  },
}

/** A breaker, and how its calls, its time and its end are brought about. */
interface Side {
  readonly raw: Opossum10
  call(call: Call): Promise<unknown>
  pass(ms: number): void
  end(): void
  isOurError(error: Error): boolean
}

/** opossum as it comes, set so that in {@link HISTORY} it decides what our circuit does. */
function byItself(Opossum: typeof Opossum10): Side {
  const action = ({ run, abortMs }: Call) => {
    const result = run()
    if (abortMs === undefined) return result
    return new Promise<unknown>((_, reject) => setTimeout(() => reject(GIVEN_UP), abortMs))
  }
  const raw = new Opossum(action, {
    timeout: TIMEOUT_MS,
    resetTimeout: RECOVERY_MS,
    errorFilter: (error) => error === NOT_FOUND || error === GIVEN_UP,
    volumeThreshold: 11,
    errorThresholdPercentage: 1,
    rollingPercentilesEnabled: false,
    enableSnapshots: false,
  })
  const { isOurError } = Opossum
  return { raw, call: (call) => raw.fire(call), pass: () => {}, end: () => raw.shutdown(), isOurError }
}

function throughTheAdapter() {
  const clock = new ManualClock()
  const breaker = opossumBreaker()
  const policy = resolveCircuitPolicy({
    failureThreshold: 2,
    successThreshold: 1,
    timeoutMs: TIMEOUT_MS,
    recoveryTimeoutMs: RECOVERY_MS,
    isFailure: (error) => error !== NOT_FOUND,
  })
  const circuit = new Circuit({ name: 'orders', policy, breaker, clock })
  const call = ({ run, abortMs }: Call) => {
    const controller = new AbortController()
    if (abortMs !== undefined) setTimeout(() => controller.abort(GIVEN_UP), abortMs)
    return circuit.execute({ startedAt: clock.now(), signal: controller.signal, run })
  }
  const pass = (ms: number) => {
    clock.advance(ms)
    // It is half-open when it is asked.
    void circuit.state
  }
  const { isOurError } = Opossum10
  return { raw: breaker.circuits.get('orders')!, call, pass, end: () => circuit.dispose(), isOurError, clock, circuit }
}

// Whether a bucket turns before or after what happens at the same moment is nobody's promise: calls end between seconds.
const HISTORY = [
  [SUCCESS, FAILURE, SUCCESS, THROWS, FILTERED, after(500, SUCCESS), ABORTED, 1_250],
  [HUNG, 5_000],
  // The second failure in a row opens our circuit, and opossum, because it is that of the eleventh call.
  [SUCCESS, FAILURE, after(250, FAILURE), 1_000],
  [SUCCESS, FAILURE, RECOVERY_MS],
  // A trial that fails, and a call that comes meanwhile.
  [after(500, FAILURE), SUCCESS, 1_000],
  [SUCCESS, RECOVERY_MS],
  // A trial that succeeds.
  [SUCCESS, FILTERED, FAILURE, after(2_000, SUCCESS), after(2_000, FAILURE), 1_000],
  ['end' as const, 3_000],
].flat()

/** Plays the history and returns all there is to see: events and what they bring, counts, starts of work, answers. */
async function play({ raw, call, pass, end, isOurError }: Side): Promise<unknown[]> {
  const seen: unknown[] = []
  const calls: unknown[] = []
  const shape = (value: unknown): unknown => {
    if (Array.isArray(value)) {
      // The events of a call bring the same array, and no other call's do.
      if (!calls.includes(value)) calls.push(value)
      return { call: calls.indexOf(value), args: value.map((argument) => typeof argument) }
    }
    if (!(value instanceof Error) || [FAILED, NOT_FOUND, GIVEN_UP].includes(value)) return value
    const code: unknown = Reflect.get(value, 'code')
    if (code === 'ETIMEDOUT' || code === 'SVCPROXY_TIMEOUT') return 'the deadline'
    return { name: value.name, message: value.message, code, ours: isOurError(value) }
  }
  for (const event of ['fire', 'success', 'failure', 'timeout', 'reject', 'open', 'halfOpen', 'close', 'shutdown']) {
    raw.addListener(event, (...args: unknown[]) => seen.push([event, ...args.map(shape)]))
  }
  const answered = (): unknown => seen.push('a caller is answered')
  for (const step of HISTORY) {
    if (step === 'end') {
      end()
    } else if (typeof step === 'number') {
      for (let ms = 0; ms < step; ms += 250) {
        pass(250)
        await vi.advanceTimersByTimeAsync(250)
      }
    } else {
      const run = () => {
        seen.push('work starts')
        return step.run()
      }
      void call({ ...step, run }).then(answered, answered)
      await vi.advanceTimersByTimeAsync(0)
    }
    seen.push({ stats: raw.stats, opened: raw.opened, halfOpen: raw.halfOpen, isShutdown: raw.isShutdown })
  }
  return seen
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] })
})

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const MAJORS = [
  [10, Opossum10],
  [9, Opossum9],
  [8, Opossum8],
] as const

test.each(MAJORS)(
  'events, their arguments, their order and all counts are as opossum %i has them',
  async (_, major) => {
    const expected = await play(byItself(major))
    for (const event of ['success', 'failure', 'timeout', 'reject', 'open', 'halfOpen', 'close', 'shutdown']) {
      expect(expected, event).toContainEqual(expect.arrayContaining([event]))
    }
    expect(await play(throughTheAdapter())).toEqual(expected)
  },
)

describe('the latency of a call', () => {
  test.each([
    [0.4, 0],
    [0.6, 1],
    [7, 7],
  ])('of %f ms is announced as %i ms', async (took, latencyMs) => {
    const { raw, call, clock } = throughTheAdapter()
    const told: unknown[] = []
    raw.on('success', (_, latency) => told.push(latency))
    const answer = call(SUCCESS)
    clock.advance(took)
    await answer
    expect(told).toEqual([latencyMs])
    expect(raw.status.window[0]).toMatchObject({ latencyTimes: [latencyMs] })
  })
})

describe("opossum's own error for a refused call", () => {
  test('is made for a listener of reject, anew for each call and with its stack', async () => {
    const { raw, call, circuit } = throughTheAdapter()
    circuit.isolate()
    const errors: Error[] = []
    raw.on('reject', (error) => errors.push(error))
    await expect(call(SUCCESS)).rejects.toBeInstanceOf(CircuitOpenError)
    await expect(call(SUCCESS)).rejects.toBeInstanceOf(CircuitOpenError)
    expect(errors).toHaveLength(2)
    expect(errors[0]).not.toBe(errors[1])
    expect(errors[1]?.stack).toContain('announced-attempt.test.ts')
  })

  test('is not made when nobody hears it', async () => {
    const { raw, call, circuit } = throughTheAdapter()
    circuit.isolate()
    const emit = vi.spyOn(raw, 'emit')
    await expect(call(SUCCESS)).rejects.toBeInstanceOf(CircuitOpenError)
    expect(emit.mock.calls).toEqual([
      ['fire', [{}]],
      ['reject', undefined],
    ])
    expect(raw.stats).toMatchObject({ fires: 1, rejects: 1 })
  })
})

describe('changes of state that a failure brings', () => {
  test('are shown at once and announced after it, in their order', async () => {
    const { raw, call, circuit } = throughTheAdapter()
    await expect(call(FAILURE)).rejects.toBe(FAILED)
    const seen: unknown[] = []
    for (const event of ['failure', 'open', 'halfOpen', 'close']) {
      raw.addListener(event, () => seen.push([event, raw.opened]))
    }
    raw.once('failure', () => circuit.reset())
    raw.once('open', () => circuit.isolate())
    await expect(call(FAILURE)).rejects.toBe(FAILED)
    expect(seen).toEqual([
      ['failure', true],
      ['open', false],
      ['close', true],
      ['open', true],
    ])
  })

  test('are announced once, also when its listeners make a call that ends at once', async () => {
    const { raw, call, circuit, clock } = throughTheAdapter()
    await expect(call(FAILURE)).rejects.toBe(FAILED)
    const seen: string[] = []
    for (const event of ['success', 'failure', 'open', 'close']) raw.addListener(event, () => seen.push(event))
    raw.once('failure', () => {
      circuit.reset()
      const signal = AbortSignal.abort(GIVEN_UP)
      circuit.execute({ startedAt: clock.now(), signal, run: hang }).catch(() => {})
      circuit.isolate()
    })
    await expect(call(FAILURE)).rejects.toBe(FAILED)
    expect(seen.splice(0)).toEqual(['failure', 'success', 'open', 'close', 'open'])
  })
})
