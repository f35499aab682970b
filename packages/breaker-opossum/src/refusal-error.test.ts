import CircuitBreaker from 'opossum'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { opossumRefusal } from './refusal-error.ts'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

test("the error is opossum's own, a new one each time, and takes no timer", async () => {
  const refusals = [opossumRefusal(), opossumRefusal()] as Error[]
  expect(refusals[0]).not.toBe(refusals[1])
  for (const refusal of refusals) {
    expect(refusal).toMatchObject({ message: 'Breaker is open', code: 'EOPENBREAKER' })
    expect(refusal.stack).toContain('refusal-error.test.ts')
    expect(CircuitBreaker.isOurError(refusal)).toBe(true)
  }
  expect(vi.getTimerCount()).toBe(0)
})
