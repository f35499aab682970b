import { breakerContract } from '@svcproxy/testing'
import { opossumBreaker } from './index.ts'

const create = opossumBreaker()
breakerContract('opossum 10', { create })
