import { breakerContract } from '@svcproxy/testing'
import { nativeBreaker } from './index.ts'

breakerContract('native', { create: nativeBreaker() })
