import type { ViteUserConfig } from 'vitest/config'

/** Workspace packages resolve to their TypeScript source, so a test never runs against a stale build. */
const conditions = ['@svcproxy/source']

export const shared: ViteUserConfig = {
  resolve: { conditions: [...conditions, 'module', 'node', 'development|production'] },
  ssr: { resolve: { conditions: [...conditions, 'module', 'node', 'development|production'], externalConditions: conditions } },
  test: {
    // Named, because vitest does not leave out `dist` by itself.
    include: ['src/**/*.test.ts'],
    passWithNoTests: true,
    reporters: ['default', 'json'],
    outputFile: { json: 'reports/vitest.json' },
    // A run with a focused test says nothing about the rest.
    allowOnly: false,
  },
}
