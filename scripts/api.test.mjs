import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryWorkspace } from './temporary-workspace.mjs'
import { run } from './workspace.mjs'

const TIMEOUT_MS = 30_000 // each run compiles the types of Node
const TYPES = 'packages/a/dist/index.d.ts'
const REPORT = 'api/a.api.md'
const entry = (source) => `/** What is exported. */\nexport declare ${source};\n`

test(
  'an API that changed without its report fails, and so does a report of no entry point',
  () => {
    const { directory, remove } = temporaryWorkspace({
      copied: ['scripts/api.mjs', 'scripts/workspace.mjs'],
      written: {
        'apps/b/package.json': '{ "name": "b", "private": true }',
        'packages/a/package.json': JSON.stringify({
          name: '@svcproxy/a',
          version: '1.0.0',
          type: 'module',
          exports: { '.': { '@svcproxy/source': './src/index.ts', types: './dist/index.d.ts' } },
        }),
        'packages/a/src/index.ts': 'export const one = 1',
        [TYPES]: entry('const one = 1'),
      },
    })
    onTestFinished(remove)
    const api = (...args) => run(process.execPath, ['scripts/api.mjs', ...args], { cwd: directory })
    const reported = () => readFileSync(join(directory, REPORT), 'utf8')

    api()
    expect(reported()).toContain('export const one = 1;')
    writeFileSync(join(directory, TYPES), entry('const one = 2'))
    writeFileSync(join(directory, 'api/gone.api.md'), '')
    const { ok, output } = api('--check')

    expect(output).toContain(`${REPORT} is out of date`)
    expect(output).toContain('api/gone.api.md belongs to no public entry point')
    expect(ok).toBe(false)
    expect(reported()).toContain('export const one = 1;')
  },
  TIMEOUT_MS,
)
