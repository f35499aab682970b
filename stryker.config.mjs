// Mutation testing of what must not be wrong. `npm run mutation` says which files, and runs this in a copy.
import { fileURLToPath } from 'node:url'

const config = {
  packageManager: 'pnpm',
  // By address: Stryker would look for its plugins beside itself, where pnpm does not put them.
  plugins: [fileURLToPath(import.meta.resolve('@stryker-mutator/vitest-runner'))],
  testRunner: 'vitest',
  vitest: { configFile: 'vitest.config.ts' },
  // In a sandbox, a package that comes back through node_modules would be the one that is not mutated.
  inPlace: true,
  coverageAnalysis: 'perTest',
  concurrency: 2,
  timeoutMS: 10_000,
  thresholds: { high: 95, low: 90, break: 85 },
  reporters: ['clear-text', 'json'],
  jsonReporter: { fileName: 'reports/mutation.json' },
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  disableTypeChecks: false,
}
export default config
