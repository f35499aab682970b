import type { ViteUserConfig } from 'vitest/config'

export const shared: ViteUserConfig = {
  // Workspace packages resolve to their TypeScript source, so that a test needs no build and never runs a stale one.
  ssr: { resolve: { conditions: ['@svcproxy/source', 'module', 'node', 'development|production'] } },
  test: {
    // Named, because vitest does not leave out `dist` by itself.
    include: ['src/**/*.test.ts'],
    reporters: ['default', 'json'],
    outputFile: { json: 'reports/vitest.json' },
    // A test that hangs ends, and one that has much to do is not cut on a busy machine: none of them measures time.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // A run with a focused test says nothing about the rest.
    allowOnly: false,
  },
}
