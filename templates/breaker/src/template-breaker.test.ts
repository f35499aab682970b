import { Circuit, resolveCircuitPolicy } from '@svcproxy/core/adapter'
import { breakerContract, ManualClock } from '@svcproxy/testing'
import { expect, test } from 'vitest'
import { templateBreaker } from './index.ts'

const create = templateBreaker()
// CHANGE (events): the names of all events that the library emits. Without events: `{ create }`.
const names = ['success', 'failure', 'refusal', 'state']
breakerContract('Template', { create, modelSteps: 20_000, events: { names, of: (name) => create.circuits.get(name)! } })

// CHANGE (tests): what the library's users see. The contract knows nothing of that.

const clock = new ManualClock()
const policy = resolveCircuitPolicy({
  failureThreshold: 2,
  successThreshold: 1,
  isFailure: (error) => error !== 'not found',
})

/** A circuit, what the library shows of it, and a way to call it that never rejects. */
function shownCircuit(breaker = templateBreaker(), name = 'orders') {
  const circuit = new Circuit({ name, policy, breaker, clock })
  const call = (run: () => unknown, signal?: AbortSignal) =>
    circuit.execute({ startedAt: clock.now(), run, signal }).catch(() => undefined)
  return { breaker, circuit, call, shown: breaker.circuits.get(name)! }
}

test('Template counts each call once, and one that says nothing about the service not at all', async () => {
  const { call, shown } = shownCircuit()
  await call(() => 'value')
  await call(() => Promise.reject('not found'))
  await call(() => new Promise(() => {}), AbortSignal.abort())
  for (let count = 0; count < 2; count++) await call(() => Promise.reject(new Error('down')))
  await call(() => 'never asked')
  expect(shown.counts).toEqual({ successes: 2, failures: 2, refusals: 1 })
})

test('Template shows the states that the circuit enters', async () => {
  const { call, circuit, shown } = shownCircuit()
  const states: string[] = []
  shown.on('state', (state) => states.push(state))
  for (let count = 0; count < 2; count++) await call(() => Promise.reject(new Error('down')))
  expect(shown.state).toBe('open')
  clock.advance(policy.recoveryTimeoutMs)
  await call(() => 'value')
  circuit.isolate()
  expect(states).toEqual(['open', 'half_open', 'closed', 'isolated'])
})

test('a circuit is shown until its end, and the end of an old one does not hide the new one of its name', () => {
  const old = shownCircuit()
  const { circuit, shown } = shownCircuit(old.breaker)
  old.circuit.dispose()
  expect(old.breaker.circuits.get('orders')).toBe(shown)
  circuit.dispose()
  expect(old.breaker.circuits.has('orders')).toBe(false)
})
