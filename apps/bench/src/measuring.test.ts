import { expect, test } from 'vitest'
import { measureApart } from './measuring.ts'

const CALL = { scenario: 'call', contender: 'opossum fire, timeout 5 s' } as const
const BUDGET = { warmUpMs: 1, measureMs: 1 }

test.concurrent('a time is measured', async () => {
  expect(await measureApart({ measure: 'time', ...CALL, budget: BUDGET })).toBeGreaterThan(0)
})

test.concurrent('bytes are measured', async () => {
  const contender = 'svcproxy call, native'
  expect(await measureApart({ measure: 'bytes', scenario: 'call', contender })).toBeGreaterThan(0)
})

test.concurrent('what a call makes is counted', async () => {
  expect(await measureApart({ measure: 'makings', ...CALL })).toEqual({ timers: 1, abortControllers: 0 })
  const cockatiel = { scenario: 'call', contender: 'cockatiel breaker + timeout 5 s' }
  expect(await measureApart({ measure: 'makings', ...cockatiel })).toEqual({ timers: 1, abortControllers: 1 })
})

test.concurrent('operations are carried out', async () => {
  const counts = { warmUp: 1, operations: 1 }
  expect(await measureApart({ measure: 'operations', ...CALL, counts })).toBe('done')
})

test.concurrent('a population is measured, timers included that keep no process alive', async () => {
  const size = { count: 20, idleMs: 1 }
  const cost = await measureApart({ measure: 'population', contender: 'opossum, defaults', size })
  expect(cost.timers).toBe(40)
  expect(cost.makeUs).toBeGreaterThan(0)
  expect(cost.idleCpuPercent).toBeGreaterThanOrEqual(0)
})

test.concurrent('a measurement that cannot be made rejects with what the process printed', async () => {
  const order = { measure: 'time', scenario: 'call', contender: 'nobody', budget: BUDGET } as const
  await expect(measureApart(order)).rejects.toThrow("There is no contender 'nobody'")
})

test.concurrent('an aborted measurement does not wait for its process', async () => {
  const forAnHour = { warmUpMs: 3_600_000, measureMs: 1 }
  const interruption = new AbortController()
  const measured = measureApart({ measure: 'time', ...CALL, budget: forAnHour }, { signal: interruption.signal })
  interruption.abort()
  await expect(measured).rejects.toThrow('aborted')
})
