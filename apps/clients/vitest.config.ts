import type { ViteUserConfig } from 'vitest/config'
import { shared } from '../../vitest.shared.ts'

/** As Node resolves them: the AWS SDK has a `module` build, which is for bundlers and does not load in Node. */
const conditions = ['@svcproxy/source', 'node', 'development|production']

const config: ViteUserConfig = {
  ...shared,
  ssr: { resolve: { conditions } },
  test: { ...shared.test, globalSetup: './generate-prisma.mjs', expect: { poll: { timeout: 5_000 } } },
}
export default config
