// Prints "PASSED FAILED" over the vitest reports of every package, and on stderr each test that did not pass.
// The argument is the exit code of the run that wrote them: a failure that no report shows is counted as one.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { readJson, root, workspace } from './workspace.mjs'

const exitCode = Number(process.argv[2] ?? 0)
let passed = 0
let failed = 0
const fail = (what) => {
  failed += 1
  console.error(`not passed: ${what}`)
}

for (const { directory, folder, hasTests } of suites()) {
  const file = join(directory, 'reports/vitest.json')
  if (!existsSync(file)) {
    if (hasTests) fail(`${folder} has tests but wrote no report`)
    continue
  }
  const { testResults } = readJson(file)
  if (hasTests && testResults.length === 0) fail(`${folder} has tests, and none ran`)
  testResults.forEach(countFile)
}
if (exitCode !== 0 && failed === 0) fail(`the run ended with ${exitCode}, though no report shows a failure`)

console.log(`${passed} ${failed}`)

function countFile({ assertionResults, message, name, status }) {
  const path = name.replace(`${root}/`, '')
  for (const { failureMessages, fullName, status: outcome } of assertionResults) {
    if (outcome === 'passed') passed += 1
    else fail([`${path} > ${fullName} (${outcome})`, ...(failureMessages ?? [])].join('\n'))
  }
  // A file that does not load, or a hook that throws, fails without a failed test.
  if (status === 'failed' && !assertionResults.some((test) => test.status === 'failed')) fail(`${path}: ${message}`)
}

function suites() {
  const scripts = { directory: join(root, 'scripts'), folder: 'scripts' }
  const packages = workspace.map(({ directory, folder }) => ({ directory, folder }))
  return [...packages, scripts].map(({ directory, folder }) => ({
    directory,
    folder,
    hasTests: hasTestFiles(directory),
  }))
}

function hasTestFiles(directory) {
  const sources = existsSync(join(directory, 'src')) ? join(directory, 'src') : directory
  return readdirSync(sources, { recursive: true, encoding: 'utf8' }).some((file) => /\.test\.(ts|mjs)$/.test(file))
}
