// Does the policy do what we think? A clock that the test moves: half a minute takes no time.
import { CircuitOpenError, factoryProvider, ServiceTimeoutError } from '@svcproxy/core'
import { fails, type FaultyService, faultyService, hangs, ManualClock, slows, succeeds } from '@svcproxy/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Rates } from '../src/rates.ts'
import { createManager, type Manager } from '../src/services.ts'

let clock: ManualClock
let service: FaultyService
let manager: Manager

beforeEach(() => {
  clock = new ManualClock()
  service = faultyService({ clock, behaviour: succeeds(0.94) })
  const create = (): Rates => ({ of: async () => Number(await service.call()) })
  manager = createManager(factoryProvider('rates', { create }), { clock, random: () => 1 })
})

afterEach(async () => {
  const stopped = manager.stop() // waits up to 10 s for calls that hang, on this clock
  await clock.advanceAsync(10_000)
  await stopped
})

/** A call, and all the time it takes. */
async function rate(): Promise<unknown> {
  const answer = manager.services.rates.of('CHF').catch((error: unknown) => error)
  await clock.advanceAsync(5_000)
  return answer
}

test('the circuit opens after four failed attempts, and closes after two good ones, 30 s later', async () => {
  const circuit = manager.getProxy('rates')
  service.die({ forMs: 20_000 })
  await rate()
  expect(circuit.circuitState).toBe('closed')
  await rate()
  expect([circuit.circuitState, circuit.retryAfterMs]).toEqual(['open', 25_100])
  expect(await rate()).toBeInstanceOf(CircuitOpenError)

  await clock.advanceAsync(30_000)
  expect(circuit.circuitState).toBe('half_open')
  expect(await rate()).toBe(0.94)
  expect(circuit.circuitState).toBe('half_open')
  expect(await rate()).toBe(0.94)
  expect(circuit.circuitState).toBe('closed')
})

test('a slow answer is waited for, one later than the deadline is not', async () => {
  service.next(slows(900, succeeds(0.95)))
  expect(await rate()).toBe(0.95)
  service.behave(hangs())
  expect(await rate()).toBeInstanceOf(ServiceTimeoutError)
})

test('the second attempt comes a tenth of a second after the first', async () => {
  service.next(fails())
  const answer = manager.services.rates.of('CHF')
  await clock.advanceAsync(99)
  expect(service.calls).toBe(1)
  await clock.advanceAsync(1)
  expect(service.calls).toBe(2)
  expect(await answer).toBe(0.94)
})
