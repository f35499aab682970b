import { AsyncLocalStorage } from 'node:async_hooks'
import { ManualClock } from '@svcproxy/testing'
import { expect, test, vi } from 'vitest'
import type { Attempt, AttemptEnd, CallContext, Outcome } from './attempt.ts'
import { DeadlineQueue } from './deadline.ts'
import { ServiceTimeoutError } from '../errors.ts'

const T = 5_000
const REASON = new Error('the client disconnected')

function setUp() {
  const clock = new ManualClock()
  const queue = DeadlineQueue.join(clock, T)
  const ends: { end: AttemptEnd; result: unknown; now: number; outcome: Outcome }[] = []
  /** An attempt that waits for its end to be told, unless an operation is given. */
  const start = (part: Partial<Attempt<unknown>> = {}) => {
    let settle!: { resolve: (value?: unknown) => void; reject: (reason: unknown) => void }
    let context: CallContext | undefined
    const ended = vi.fn<() => void>()
    const promise = queue.run<unknown>('orders', {
      startedAt: clock.now(),
      run: (given) => {
        context = given
        return new Promise((resolve, reject) => {
          settle = { resolve, reject }
        })
      },
      settled: (end, result, now, outcome) => ends.push({ end, result, now, outcome }),
      ended,
      ...part,
    })
    const answer = promise.then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    )
    return { answer, ended, context: () => context!, ...settle }
  }
  return { clock, queue, ends, start }
}

test('an answer in time is the answer, and leaves nothing to abort', async () => {
  const { clock, start, ends } = setUp()
  const call = start()
  const { signal } = call.context()
  clock.advance(T - 1)
  call.resolve('value')
  expect(await call.answer).toEqual({ value: 'value' })
  expect(ends).toEqual([{ end: 'fulfilled', result: 'value', now: clock.now(), outcome: 'success' }])
  await clock.advanceAsync(2 * T)
  expect(signal.aborted).toBe(false)
  expect(ends).toHaveLength(1)
  expect(call.ended).toHaveBeenCalledOnce()
})

test('what the operation rejects with, or throws, comes through as it is', async () => {
  const { start, ends } = setUp()
  const [rejected, thrown] = [new Error('rejected'), new Error('thrown')]
  const call = start()
  call.reject(rejected)
  expect(await call.answer).toEqual({ error: rejected })
  const throwing = start({
    run: () => {
      throw thrown
    },
  })
  expect(await throwing.answer).toEqual({ error: thrown })
  expect(throwing.ended).toHaveBeenCalledOnce()
  expect(ends.map(({ end, result, outcome }) => [end, result, outcome])).toEqual([
    ['rejected', rejected, 'failure'],
    ['rejected', thrown, 'failure'],
  ])
})

test('at its deadline, not before, a call is answered with a timeout and then told to stop', async () => {
  const { clock, start, ends } = setUp()
  const order: string[] = []
  const call = start()
  const { signal } = call.context()
  signal.addEventListener('abort', () => order.push(`aborted after ${ends.length} settled`))
  await clock.advanceAsync(T - 1)
  expect(ends).toEqual([])
  await clock.advanceAsync(1)
  const { error } = (await call.answer) as { error: ServiceTimeoutError }
  expect(error).toBeInstanceOf(ServiceTimeoutError)
  expect([error.serviceName, error.timeoutMs]).toEqual(['orders', T])
  expect(ends).toEqual([{ end: 'timeout', result: error, now: clock.now(), outcome: 'failure' }])
  expect(signal.reason).toBe(error)
  expect(order).toEqual(['aborted after 1 settled'])
  expect(call.ended).not.toHaveBeenCalled()
  call.resolve('late')
  await clock.settle()
  expect(call.ended, 'the work ended after all').toHaveBeenCalledOnce()
  expect(ends).toHaveLength(1)
})

test('a late failure is as silent as a late success', async () => {
  const { clock, start, ends } = setUp()
  const call = start()
  await clock.advanceAsync(T)
  call.reject(new Error('late'))
  await clock.settle()
  expect(ends.map(({ end }) => end)).toEqual(['timeout'])
  expect(call.ended).toHaveBeenCalledOnce()
})

test('calls come due one by one, each at its own time, over one timer', async () => {
  const { clock, start, ends } = setUp()
  const began = clock.now()
  const calls = []
  for (let index = 0; index < 5; index++) {
    calls.push(start())
    expect(clock.pendingTimers).toBe(1)
    clock.advance(10)
  }
  calls[1]?.resolve()
  calls[4]?.resolve()
  await clock.settle()
  ends.length = 0
  await clock.advanceAsync(2 * T)
  expect(ends.map(({ end, now }) => [end, now - began])).toEqual([
    ['timeout', T],
    ['timeout', T + 20],
    ['timeout', T + 30],
  ])
  expect(clock.pendingTimers, 'and then the queue is quiet').toBe(0)
})

test('the deadline counts from when the attempt was made, however late it is run', async () => {
  const { clock, start, ends } = setUp()
  start({ startedAt: clock.now() - 1_000 })
  await clock.advanceAsync(T - 1_001)
  expect(ends).toEqual([])
  await clock.advanceAsync(1)
  expect(ends.map(({ end }) => end)).toEqual(['timeout'])
})

test('calls that leave the queue from its front, middle and end leave the others in it', async () => {
  for (const leaving of [
    [0, 1, 2],
    [2, 1, 0],
    [1, 0, 2],
    [1, 2, 0],
  ]) {
    const { clock, start, ends } = setUp()
    const calls = [start(), start(), start(), start()]
    for (const index of leaving) calls[index]?.resolve()
    await clock.settle()
    await clock.advanceAsync(T)
    expect(ends.map(({ end }) => end)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'timeout'])
    expect(await calls[3]?.answer).toHaveProperty('error')
  }
})

test('a call that is started by the timeout of another has a full deadline of its own', async () => {
  const { clock, start, ends } = setUp()
  const began = clock.now()
  start({ settled: () => void start() })
  start()
  await clock.advanceAsync(T)
  expect(ends.map(({ end }) => end)).toEqual(['timeout'])
  expect(clock.pendingTimers).toBe(1)
  await clock.advanceAsync(T)
  expect(ends.map(({ now }) => now - began)).toEqual([T, 2 * T])
  expect(clock.pendingTimers).toBe(0)
})

test('when the timers run late, all that is overdue ends at once', async () => {
  const { clock, start, ends } = setUp()
  start()
  clock.advance(100)
  start()
  clock.starve(2 * T)
  await clock.advanceAsync(0)
  expect(ends.map(({ end }) => end)).toEqual(['timeout', 'timeout'])
})

test("the caller's abort answers it with the reason and aborts the signal of its call alone", async () => {
  const { start, ends } = setUp()
  const controller = new AbortController()
  const [call, other] = [start({ signal: controller.signal }), start()]
  const [signal, otherSignal] = [call.context().signal, other.context().signal]
  controller.abort(REASON)
  expect(await call.answer).toEqual({ error: REASON })
  expect(ends).toMatchObject([{ end: 'aborted', result: REASON, outcome: 'ignored' }])
  expect([signal.reason, otherSignal.aborted]).toEqual([REASON, false])
  call.resolve('late')
  other.resolve('value')
  expect(await other.answer).toEqual({ value: 'value' })
  expect(ends).toHaveLength(2)
})

test('a caller who aborted before the call gets the reason, and nothing is run', async () => {
  const { clock, start, ends } = setUp()
  const run = vi.fn<() => unknown>()
  const call = start({ signal: AbortSignal.abort(REASON), run })
  expect(await call.answer).toEqual({ error: REASON })
  expect(run).not.toHaveBeenCalled()
  expect(call.ended).not.toHaveBeenCalled()
  expect(ends.map(({ end }) => end)).toEqual(['aborted'])
  await clock.advanceAsync(T)
  expect(ends).toHaveLength(1)
})

test("nothing stays on the caller's signal, however the call ended", async () => {
  const { clock, start } = setUp()
  const { signal } = new AbortController()
  let listening = 0
  const { addEventListener, removeEventListener } = signal
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listening++
    addEventListener.apply(signal, args)
  }
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listening--
    removeEventListener.apply(signal, args)
  }
  const [good, bad] = [start({ signal }), start({ signal }), start({ signal })]
  expect(listening).toBe(3)
  good.resolve()
  bad.reject(new Error('failed'))
  await clock.advanceAsync(T)
  expect(listening).toBe(0)
})

test('the signal is made when it is first read, is the same when read again, and is aborted when read too late', async () => {
  const { clock, start } = setUp()
  const [early, late, done] = [start(), start(), start()]
  const { signal } = early.context()
  expect(early.context().signal).toBe(signal)
  done.resolve()
  await clock.advanceAsync(T)
  expect(late.context().signal.reason).toBeInstanceOf(ServiceTimeoutError)
  expect(done.context().signal.aborted).toBe(false)
})

test('an operation that aborts its own caller is answered with the reason, once', async () => {
  const { start, ends } = setUp()
  const controller = new AbortController()
  const call = start({
    signal: controller.signal,
    run: () => {
      controller.abort(REASON)
      throw new Error('after the abort')
    },
  })
  expect(await call.answer).toEqual({ error: REASON })
  expect(ends.map(({ end }) => end)).toEqual(['aborted'])
  expect(call.ended).toHaveBeenCalledOnce()
})

test('the timer neither runs in nor keeps the async context of the call that set it', async () => {
  const context = new AsyncLocalStorage<string>()
  const clock = new ManualClock()
  const seen: unknown[] = []
  const setTimer = clock.setTimer.bind(clock)
  clock.setTimer = (callback, delayMs) => {
    seen.push(context.getStore())
    return setTimer(callback, delayMs)
  }
  const queue = DeadlineQueue.join(clock, T)
  const call = context.run('a request', () =>
    queue.run('orders', { startedAt: clock.now(), run: () => new Promise(() => {}) }),
  )
  clock.advance(T)
  await expect(call).rejects.toThrow()
  expect(seen).toEqual([undefined])
})

test('what observes an attempt is told before the attempt, and the attempt learns how it was understood', async () => {
  const { clock, queue } = setUp()
  const order: unknown[] = []
  await queue.run(
    'orders',
    {
      startedAt: clock.now(),
      run: () => 'value',
      settled: (end, _error, _now, outcome) => order.push(['attempt', end, outcome]),
      ended: () => order.push(['ended']),
    },
    {
      settled: (end) => {
        order.push(['observer', end])
        return 'ignored'
      },
    },
  )
  expect(order).toEqual([['observer', 'fulfilled'], ['attempt', 'fulfilled', 'ignored'], ['ended']])
})

test('a queue that all have left keeps its timer for what is under way and drops it with the last call', async () => {
  const { clock, queue, start, ends } = setUp()
  const [first, second] = [start(), start()]
  queue.leave()
  first.resolve()
  await clock.settle()
  expect(clock.pendingTimers).toBe(1)
  second.resolve()
  await clock.settle()
  expect(clock.pendingTimers).toBe(0)
  const idle = setUp()
  idle.start().resolve()
  await idle.clock.settle()
  expect(idle.clock.pendingTimers).toBe(1)
  idle.queue.leave()
  expect(idle.clock.pendingTimers).toBe(0)
  expect(ends).toHaveLength(2)
})

test('services with the same deadline share a queue and its one timer, and each error names its own service', async () => {
  const clock = new ManualClock()
  const [orders, stock] = [DeadlineQueue.join(clock, T), DeadlineQueue.join(clock, T)]
  expect(stock).toBe(orders)
  expect(DeadlineQueue.join(clock, T + 1)).not.toBe(orders)
  expect(DeadlineQueue.join(new ManualClock(), T)).not.toBe(orders)
  const hang = { startedAt: clock.now(), run: () => new Promise<never>(() => {}) }
  const calls = [orders.run('orders', hang), stock.run('stock', hang)].map((call) =>
    call.catch((error: unknown) => error),
  )
  expect(clock.pendingTimers).toBe(1)
  clock.advance(T)
  expect(await Promise.all(calls)).toMatchObject([{ serviceName: 'orders' }, { serviceName: 'stock' }])
})

test('a queue is used until the last of those who joined it has left, and then forgotten', async () => {
  const clock = new ManualClock()
  const [first, second] = [DeadlineQueue.join(clock, T), DeadlineQueue.join(clock, T)]
  await first.run('orders', { startedAt: clock.now(), run: () => 'value' })
  first.leave()
  expect(clock.pendingTimers).toBe(1)
  expect(DeadlineQueue.join(clock, T)).toBe(second)
  second.leave()
  second.leave()
  expect(clock.pendingTimers).toBe(0)
  expect(DeadlineQueue.join(clock, T)).not.toBe(second)
})

test('an observer that throws at a deadline keeps no other attempt from its own', async () => {
  const { clock, queue, start } = setUp()
  const bug = new Error('a bug in an adapter')
  const run = () => new Promise<never>(() => {})
  const settled = () => {
    throw bug
  }
  void queue.run('orders', { startedAt: clock.now(), run }, { settled })
  const other = start()
  expect(() => clock.advance(T)).toThrow(bug)
  await clock.advanceAsync(1)
  expect(await other.answer).toHaveProperty('error', expect.any(ServiceTimeoutError))
})
