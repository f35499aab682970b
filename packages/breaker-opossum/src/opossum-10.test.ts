import { breakerContract } from '@svcproxy/testing'
import { opossumBreaker } from './index.ts'

const create = opossumBreaker()
const names = ['fire', 'success', 'failure', 'timeout', 'reject', 'open', 'halfOpen', 'close']
breakerContract('opossum 10', { create, events: { names, of: (name) => create.circuits.get(name)! } })
