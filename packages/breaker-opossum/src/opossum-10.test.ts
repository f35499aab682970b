import { breakerContract } from '@svcproxy/testing'
import { opossumBreaker } from './index.ts'

const names = ['fire', 'success', 'failure', 'timeout', 'reject', 'open', 'halfOpen', 'close']

const create = opossumBreaker()
breakerContract('opossum 10', { create, events: { names, of: (name) => create.circuits.get(name)! } })

// It is asked at each failure and says no: what opens the circuits of the contract is their own failureThreshold.
const deciding = opossumBreaker({ volumeThreshold: 1_000_000 })
breakerContract('opossum 10, deciding', {
  create: deciding,
  modelSteps: 20_000,
  events: { names, of: (name) => deciding.circuits.get(name)! },
})
