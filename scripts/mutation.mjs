// Mutation tests, in a copy of the workspace: the mutants are written in place, so that the contract suites, which
// come back to a package through node_modules, meet the mutant too; and nobody wants that to happen to their own files.
// `npm run mutation` tries every package below, `npm run mutation -- core` one.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { report, root, run } from './workspace.mjs'

const MUTATED = {
  core: [
    'src/attempts/**/*.ts',
    'src/calls/**/*.ts',
    'src/circuit/**/*.ts',
    'src/facade/**/*.ts',
    'src/instances/**/*.ts',
    'src/judges/**/*.ts',
    'src/observing/*-metrics.ts',
    'src/observing/*-histogram.ts',
    'src/options/call-*.ts',
    'src/options/method-*.ts',
    'src/options/retry-*.ts',
  ],
  'breaker-native': ['src/**/*.ts'],
  'breaker-opossum': ['src/**/*.ts'],
}
const NEVER = ['!src/**/*.d.ts', '!src/**/*.test.ts', '!src/**/index.ts']

const packages = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(MUTATED)
const unknown = packages.filter((name) => !(name in MUTATED))
if (unknown.length > 0)
  throw new Error(`Only ${Object.keys(MUTATED).join(' and ')} can be mutated, not ${unknown.join(', ')}.`)

const copy = mkdtempSync(join(tmpdir(), 'svcproxy-mutation-'))
try {
  const problems = prepare()
  if (problems.length === 0) problems.push(...packages.flatMap(mutate))
  report('Mutation', problems, `every score is high enough (${packages.join(', ')})`)
} finally {
  rmSync(copy, { recursive: true, force: true })
}

/** The files of the working tree, uncommitted ones included, and an install from what is on disk already. */
function prepare() {
  const files = run('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z']).output.split('\0')
  for (const file of files.filter((name) => name !== '' && existsSync(join(root, name)))) {
    cpSync(join(root, file), join(copy, file))
  }
  const installed = run('pnpm', ['install', '--frozen-lockfile', '--prefer-offline'], { cwd: copy })
  return installed.ok ? [] : [`pnpm install failed in the copy\n${installed.output}`]
}

function mutate(name) {
  const directory = join(copy, 'packages', name)
  console.log(`\n${name}`)
  const files = [...MUTATED[name], ...NEVER].join(',')
  const args = ['run', '../../stryker.config.mjs', '--mutate', files]
  const { status } = spawnSync(join(copy, 'node_modules/.bin/stryker'), args, {
    cwd: directory,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  })
  const result = join(directory, 'reports/mutation.json')
  if (existsSync(result)) cpSync(result, join(root, 'packages', name, 'reports/mutation.json'))
  return status === 0 ? [] : [`${name}: Stryker ended with ${status}. Its reason stands above.`]
}
