import { expect, test } from 'vitest'
import { temporaryWorkspace } from './temporary-workspace.mjs'
import { run } from './workspace.mjs'

const TEST_FILE = {
  'packages/a/package.json': '{ "name": "a" }',
  'packages/a/src/a.test.ts': '',
  'apps/b/package.json': '{ "name": "b" }',
}
const outcome = (status, name = status) => ({ fullName: name, status })
const report = (...testResults) => ({ 'packages/a/reports/vitest.json': JSON.stringify({ testResults }) })
const file = (assertionResults, status = 'passed') => ({
  name: 'a.test.ts',
  status,
  message: 'it does not load',
  assertionResults,
})

function count(reports, exitCode) {
  const workspace = temporaryWorkspace({
    copied: ['scripts/count-tests.mjs', 'scripts/workspace.mjs'],
    written: { ...TEST_FILE, ...reports },
  })
  try {
    return run(process.execPath, ['scripts/count-tests.mjs', String(exitCode)], { cwd: workspace.directory }).output
  } finally {
    workspace.remove()
  }
}

test('passed and failed tests are counted as they were', () => {
  const output = count(
    report(file([outcome('passed'), outcome('passed')]), file([outcome('failed', 'x is y')], 'failed')),
    1,
  )
  expect(output).toContain('2 1\n')
  expect(output).toContain('x is y (failed)')
})

test.each(['skipped', 'pending', 'todo', 'disabled'])('a test that is %s has failed', (status) => {
  expect(count(report(file([outcome('passed'), outcome(status)])), 0)).toContain('1 1\n')
})

test('a file that does not load has failed, though none of its tests did', () => {
  expect(count(report(file([], 'failed')), 1)).toContain('0 1\n')
})

test('tests that left no report have failed', () => {
  expect(count({}, 0)).toContain('0 1\n')
})

test('a report of no test, where there are tests, has failed', () => {
  expect(count(report(), 0)).toContain('0 1\n')
})

test('a run that failed without a failed test counts as one failure', () => {
  expect(count(report(file([outcome('passed')])), 2)).toContain('1 1\n')
})
