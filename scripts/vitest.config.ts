import type { ViteUserConfig } from 'vitest/config'
import { shared } from '../vitest.shared.ts'

const config: ViteUserConfig = {
  ...shared,
  test: { ...shared.test, root: import.meta.dirname, include: ['*.test.mjs'], passWithNoTests: false },
}
export default config
