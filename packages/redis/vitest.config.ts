import type { ViteUserConfig } from 'vitest/config'
import { shared } from '../../vitest.shared.ts'

/** Most of the time these tests wait for the time of a real Redis to pass. */
const config: ViteUserConfig = { ...shared, test: { ...shared.test, maxWorkers: 2 } }

export { config as default }
