// A rule nobody checks is a wish: each rule meets a file that breaks it, in a copy of the workspace's anatomy.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { temporaryWorkspace } from './temporary-workspace.mjs'
import { run } from './workspace.mjs'

/** What must be refused: the file, its text, and the rule that says no. */
const refused = {
  'core imports no other package of ours': [
    'packages/core/src/a.ts',
    `import '@svcproxy/http'`,
    'no-restricted-imports',
  ],
  'core imports no third-party package': [
    'packages/core/src/a.ts',
    `import { x } from 'opossum'`,
    'no-restricted-imports',
  ],
  'core imports not even the type of a framework': [
    'packages/core/src/a.ts',
    `import type { x } from 'express'`,
    'no-restricted-imports',
  ],
  'core re-exports no other package': [
    'packages/core/src/a.ts',
    `export { x } from '@svcproxy/http'`,
    'no-restricted-imports',
  ],
  'core imports nothing dynamically either': [
    'packages/core/src/a.ts',
    `export const x: unknown = await import('node:http')`,
    'no-restricted-imports',
  ],
  'core knows no HTTP': ['packages/core/src/a.ts', `import { get } from 'node:http'`, 'no-restricted-imports'],
  'core knows no HTTP, written without the prefix': [
    'packages/core/src/a.ts',
    `import { get } from 'http'`,
    'no-restricted-imports',
  ],
  'core knows no environment': [
    'packages/core/src/a.ts',
    `export const x: unknown = process.env['X']`,
    'no-restricted-globals',
  ],
  'a nested file of core is under the same rule': [
    'packages/core/src/circuit/a.ts',
    `import { get } from 'node:http'`,
    'no-restricted-imports',
  ],
  'http imports no binding': [
    'packages/http/src/a.ts',
    `import { x } from '@svcproxy/express'`,
    'no-restricted-imports',
  ],
  'http imports no framework': ['packages/http/src/a.ts', `import type { x } from 'koa'`, 'no-restricted-imports'],
  'the Express binding imports no value of express': [
    'packages/express/src/a.ts',
    `import express from 'express'\nexpress()`,
    'no-restricted-imports',
  ],
  'the Express binding loads express dynamically neither': [
    'packages/express/src/a.ts',
    `export const x: unknown = await import('express')`,
    'no-restricted-imports',
  ],
  'the Express binding does not import express for its side effects': [
    'packages/express/src/a.ts',
    `import { type Request } from 'express'\nexport type R = Request`,
    'no-import-type-side-effects',
  ],
  'the Express binding does not know koa': [
    'packages/express/src/a.ts',
    `import type { x } from 'koa'`,
    'no-restricted-imports',
  ],
  'the Koa binding imports no value of koa': [
    'packages/koa/src/a.ts',
    `import Koa from 'koa'\nnew Koa()`,
    'no-restricted-imports',
  ],
  'a binding imports no sibling': [
    'packages/koa/src/a.ts',
    `import { x } from '@svcproxy/express'`,
    'no-restricted-imports',
  ],
  'an adapter imports no sibling': [
    'packages/breaker-opossum/src/a.ts',
    `import { x } from '@svcproxy/http'`,
    'no-restricted-imports',
  ],
  'testing imports no adapter': [
    'packages/testing/src/a.ts',
    `import { x } from '@svcproxy/breaker-opossum'`,
    'no-restricted-imports',
  ],
  'no package imports testing outside its tests': [
    'packages/http/src/a.ts',
    `import { x } from '@svcproxy/testing'`,
    'no-restricted-imports',
  ],
  'no test imports a sibling adapter': [
    'packages/express/src/a.test.ts',
    `import { x } from '@svcproxy/koa'`,
    'no-restricted-imports',
  ],
  'no test imports an app': [
    'packages/express/src/a.test.ts',
    `import { x } from '@svcproxy/demo-services'`,
    'no-restricted-imports',
  ],
  'no package imports an app': [
    'packages/http/src/a.ts',
    `import { x } from '@svcproxy/demo-services'`,
    'no-restricted-imports',
  ],
  'nobody reaches into the src of another package': [
    'packages/http/src/a.ts',
    `import { x } from '../../core/src/clock.ts'`,
    'no-restricted-imports',
  ],
  'no test reaches into the src of another package': [
    'packages/http/src/a.test.ts',
    `import { x } from '../../core/src/clock.ts'`,
    'no-restricted-imports',
  ],
  'nobody reaches into src by a package name': [
    'packages/http/src/a.ts',
    `import { x } from '@svcproxy/core/src/clock.ts'`,
    'no-restricted-imports',
  ],
  'nobody reaches into dist': [
    'packages/http/src/a.ts',
    `import { x } from '@svcproxy/core/dist/clock.js'`,
    'no-restricted-imports',
  ],
  'a template is under the rules of what is made from it': [
    'templates/binding/src/a.ts',
    `import { x } from '@svcproxy/koa'`,
    'no-restricted-imports',
  ],
  'no package reaches into a template': [
    'packages/koa/src/a.ts',
    `import { x } from '../../../templates/binding/src/framework.ts'`,
    'no-restricted-imports',
  ],
  'no process.env in a template': [
    'templates/breaker/src/a.ts',
    `export const x: unknown = process.env['X']`,
    'no-process-env',
  ],
  'no room of core imports from a room above it': [
    'packages/core/src/instances/a.ts',
    `import { x } from '../facade/member.ts'`,
    'no-restricted-imports',
  ],
  'no room of core knows the proxy': [
    'packages/core/src/facade/a.ts',
    `import { x } from '../service-proxy.ts'`,
    'no-restricted-imports',
  ],
  'no room of core imports what is not allowed to core': [
    'packages/core/src/circuit/a.ts',
    `import { x } from 'opossum'`,
    'no-restricted-imports',
  ],
  'no app reaches into the src of a package': [
    'apps/demo-koa/src/a.ts',
    `import { x } from '../../../packages/core/src/index.ts'`,
    'no-restricted-imports',
  ],
  'no default exports': ['packages/core/src/a.ts', `export default 1`, 'no-default-export'],
  'no export star': ['packages/core/src/a.ts', `export * from './errors.ts'`, 'no-export-star'],
  'no any': ['packages/core/src/a.ts', `export const x: any = 1`, 'no-explicit-any'],
  'no any in a test': ['packages/core/src/a.test.ts', `export const x: any = 1`, 'no-explicit-any'],
  'no assertion that hides a doubt': [
    'packages/core/src/a.ts',
    `export const x = (value: unknown): string => value as string`,
    'no-unsafe-type-assertion',
  ],
  'no silenced compiler': ['packages/core/src/a.ts', `// @ts-ignore\nexport const x: string = 1`, 'ban-ts-comment'],
  'no unawaited promise': [
    'packages/core/src/a.ts',
    `export const x = (): void => {\n  Promise.resolve(1)\n}`,
    'no-floating-promises',
  ],
  'no console': ['packages/http/src/a.ts', `console.log('x')`, 'no-console'],
  'no process.env in a package': [
    'packages/http/src/a.ts',
    `export const x: unknown = process.env['X']`,
    'no-process-env',
  ],
  'no focused test': [
    'packages/http/src/a.test.ts',
    `import { expect, test } from 'vitest'\ntest.only('x', () => expect(1).toBe(1))`,
    'no-focused-tests',
  ],
  'no skipped test': [
    'packages/http/src/a.test.ts',
    `import { expect, test } from 'vitest'\ntest.skip('x', () => expect(1).toBe(1))`,
    'no-disabled-tests',
  ],
  'no test without an assertion': [
    'packages/http/src/a.test.ts',
    `import { test } from 'vitest'\ntest('x', () => {})`,
    'expect-expect',
  ],
  'no TODO': ['packages/core/src/a.ts', `// TODO later\nexport const x = 1`, 'no-warning-comments'],
  'no vague names': ['packages/core/src/a.ts', `export const x = (opts: string): string => opts`, 'id-denylist'],
  'no unused suppression': [
    'packages/core/src/a.ts',
    `// oxlint-disable-next-line no-console\nexport const x = 1`,
    'Unused',
  ],
}

/** What must pass, so that no rule above refuses everything. */
const accepted = {
  'core imports its own files and its three built-in modules': [
    'packages/core/src/circuit/a.ts',
    `import { AsyncLocalStorage } from 'node:async_hooks'\nimport { channel } from 'node:diagnostics_channel'\nimport { createHistogram } from 'node:perf_hooks'\nimport { y } from '../errors.ts'\nexport const x: unknown[] = [AsyncLocalStorage, channel, createHistogram, y]`,
  ],
  'http imports core and built-in modules': [
    'packages/http/src/a.ts',
    `import { readFile } from 'node:fs/promises'\nimport { x } from '@svcproxy/core'\nexport const y: unknown = [x, readFile]`,
  ],
  'a binding imports http, core and the types of its framework': [
    'packages/express/src/a.ts',
    `import { x } from '@svcproxy/core'\nimport { y } from '@svcproxy/http'\nimport type { Request } from 'express'\nexport type R = Request\nexport const z: unknown = [x, y]`,
  ],
  'a test of a binding imports its framework and testing': [
    'packages/express/src/a.test.ts',
    `import { x } from '@svcproxy/testing'\nimport express from 'express'\nimport express4 from 'express4'\nimport { createServer } from 'node:http'\nimport { z } from './b.ts'\nexport const y: unknown = [x, express, express4, createServer, z]`,
  ],
  'an app imports any package': [
    'apps/demo-koa/src/a.ts',
    `import { x } from '@svcproxy/koa'\nimport { y } from '@svcproxy/demo-services'\nexport const z: unknown = [x, y]\nconsole.log(z)`,
  ],
}

let workspace
let findings

beforeAll(() => {
  // Every case is a folder of its own below the folder its rule is about, so that one run of oxlint answers all.
  const cases = [...Object.entries(refused), ...Object.entries(accepted)]
  const files = cases.map(([, [file, text]], index) => [caseFile(file, index), `${text}\n`])
  const folders = ['core', 'http', 'express', 'koa', 'testing'].map((name) => `packages/${name}`)
  const packages = [...folders, 'templates/binding', 'templates/breaker'].map((folder) => [
    `${folder}/tsconfig.json`,
    '{ "extends": "../../tsconfig.base.json", "include": ["src"] }',
  ])
  workspace = temporaryWorkspace({
    copied: ['.gitignore', 'oxlint.config.ts', 'tsconfig.base.json', 'scripts/lint-rules.mjs'],
    written: Object.fromEntries([...files, ...packages]),
  })
  const { output } = run('oxlint', ['--format', 'json'], { cwd: workspace.directory })
  findings = JSON.parse(output.slice(output.indexOf('{'))).diagnostics
}, 60_000)

afterAll(() => workspace.remove())

describe('refused', () => {
  test.each(Object.entries(refused))('%s', (name, [file, , rule]) => {
    const codes = codesIn(caseFile(file, Object.keys(refused).indexOf(name)))
    expect(codes).toContainEqual(expect.stringContaining(rule))
  })
})

describe('accepted', () => {
  test.each(Object.entries(accepted))('%s', (name, [file]) => {
    const index = Object.keys(refused).length + Object.keys(accepted).indexOf(name)
    // Nothing but the import rules: these snippets name what does not exist here.
    const codes = codesIn(caseFile(file, index)).filter((code) => /restricted|side-effects|console/.test(code))
    expect(codes).toEqual([])
  })
})

const caseFile = (file, index) => file.replace(/\/([^/]+)$/, `/case-${index}/$1`)

function codesIn(file) {
  return findings.filter(({ filename }) => filename === file).map(({ code, message }) => `${code ?? ''} ${message}`)
}
