import { breakerContract } from '@svcproxy/testing'
import { vi } from 'vitest'
import { opossumBreaker } from './index.ts'

vi.mock('opossum', () => import('opossum8'))

const names = ['fire', 'success', 'failure', 'timeout', 'reject', 'open', 'halfOpen', 'close']
// The library is the same, file by file, as that of opossum 10: fewer histories do.
const modelSteps = 20_000

const create = opossumBreaker()
breakerContract('opossum 8', { create, modelSteps, events: { names, of: (name) => create.circuits.get(name)! } })

// It is asked at each failure and says no: what opens the circuits of the contract is their own failureThreshold.
const deciding = opossumBreaker({ volumeThreshold: 1_000_000 })
breakerContract('opossum 8, deciding', {
  create: deciding,
  modelSteps,
  events: { names, of: (name) => deciding.circuits.get(name)! },
})
