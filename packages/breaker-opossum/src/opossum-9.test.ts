import { breakerContract } from '@svcproxy/testing'
import { vi } from 'vitest'
import { opossumBreaker } from './index.ts'

vi.mock('opossum', () => import('opossum9'))

const create = opossumBreaker()
const names = ['fire', 'success', 'failure', 'timeout', 'reject', 'open', 'halfOpen', 'close']
// The library is the same, file by file, as that of opossum 10: fewer histories do.
breakerContract('opossum 9', {
  create,
  modelSteps: 20_000,
  events: { names, of: (name) => create.circuits.get(name)! },
})
