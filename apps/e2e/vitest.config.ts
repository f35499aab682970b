import type { ViteUserConfig } from 'vitest/config'
import { shared } from '../../vitest.shared.ts'

/** A real browser and a real database take their time on a busy machine; most of it these tests wait. */
const config: ViteUserConfig = {
  ...shared,
  test: {
    ...shared.test,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 10_000 } },
    maxWorkers: 2,
  },
}

export { config as default }
