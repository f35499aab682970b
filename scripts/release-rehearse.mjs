// Rehearses a release from a clone of this repository: raises versions, builds, publishes everything to a private registry
// on the loopback interface, and installs and tries it from there in empty folders, as users do. Then a second release, of
// which only what has changed may be published, and which must fit what is installed. Prints a table; ends with 1 when
// anything is wrong, and leaves the work tree as it was.
//     npm run release:rehearse
import { mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { forEach, must } from './rehearsal/command.mjs'
import { alone, combinations } from './rehearsal/consumers.mjs'
import { examples, tryExample } from './rehearsal/examples.mjs'
import { installNodes } from './rehearsal/nodes.mjs'
import { startRedis } from './rehearsal/redis.mjs'
import { startRegistry } from './rehearsal/registry.mjs'
import { templates, tryTemplate } from './rehearsal/templates.mjs'
import { tryConsumer, tryUpgrade } from './rehearsal/try-consumer.mjs'
import { publicPackages, root, run } from './workspace.mjs'

const began = Date.now()
const temporary = mkdtempSync(join(tmpdir(), 'svcproxy-rehearsal-'))
const clone = join(temporary, 'clone')
const rows = []
/** What the second release upgrades. */
const UPGRADED = 'koa 3, native'

const treeBefore = run('git', ['status', '--porcelain']).output
const registry = await startRegistry(join(temporary, 'registry'))
const redis = await startRedis(join(temporary, 'redis'))
try {
  await rehearse()
} catch (error) {
  note('the rehearsal', false, inspect(error))
} finally {
  await Promise.all([registry.stop(), redis?.stop()])
  await remove(temporary)
}
const isAsBefore = run('git', ['status', '--porcelain']).output === treeBefore
note('work tree', isAsBefore, isAsBefore ? 'as it was before' : 'it is not as it was before')
print()

async function rehearse() {
  if (redis === undefined) note('fleet, Redis', false, 'there is no redis-server: apt-get install redis-server')
  const [installed] = await Promise.all([installNodes(temporary), prepareClone()])
  for (const { wanted, version, output } of installed) if (version === '') note(`Node ${wanted}`, false, output)
  const place = { env: registry.env, nodes: installed.filter(({ version }) => version !== '') }

  const first = await release([])
  note('first release', first.length === publicPackages.length, list(first))
  const consumers = [...combinations(redis?.url), ...alone(publicPackages.map(({ name }) => name))]
  const withRedis = { ...registry.env, ...(redis && { REDIS_URL: redis.url }) }
  await tryAll([
    ...examples().map((what) => ({ what, tryIn: (folder) => tryExample(what, folder, withRedis) })),
    ...templates.map((kind) => ({
      what: `templates/${kind}`,
      tryIn: (folder) => tryTemplate(kind, folder, registry.env),
    })),
    ...consumers.map((consumer) => ({
      what: consumer.name,
      tryIn: (folder) => tryConsumer(consumer, folder, place),
    })),
  ])

  const second = await release([
    { package: '@svcproxy/core', bump: 'minor' },
    { package: '@svcproxy/koa', bump: 'patch' },
  ])
  const names = second.map((entry) => entry.slice(0, entry.lastIndexOf('@')))
  note('second release: core minor, koa patch', names.join() === '@svcproxy/core,@svcproxy/koa', list(second))
  await tryAll(
    ['@svcproxy/core', '@svcproxy/koa'].map((upgraded) => ({
      what: `${list([upgraded])} upgraded alone`,
      tryIn: (folder) => tryUpgrade(folderOf(UPGRADED), upgraded, folder, place),
    })),
  )
}

/**
 * @typedef {import('./rehearsal/try-consumer.mjs').Outcome} Outcome
 * @param {{ what: string, tryIn: (folder: string) => Promise<Outcome> }[]} trials each in a folder of its own
 */
async function tryAll(trials) {
  const removals = []
  await forEach(trials, async ({ what, tryIn }) => {
    const { ok, detail } = await tryIn(folderOf(what))
    note(what, ok, detail)
    // These are many small files, and others have work to do meanwhile.
    if (what !== UPGRADED) removals.push(remove(folderOf(what)))
  })
  await Promise.all(removals)
}

function folderOf(what) {
  return join(temporary, what.replaceAll(/\W+/g, '-'))
}

function remove(folder) {
  return rm(folder, { recursive: true, force: true })
}

/** With what a release needs: the applications are not part of it. */
async function prepareClone() {
  await must('git', ['clone', '--quiet', root, clone], { cwd: temporary })
  const install = [
    'install',
    '--frozen-lockfile',
    '--prefer-offline',
    '--filter',
    'svcproxy',
    '--filter',
    './packages/*',
  ]
  await must('pnpm', install, { cwd: clone })
}

/**
 * Publishes what the changesets of the clone, and those given, make of it.
 * @param {{ package: string, bump: string }[]} changes
 * @returns {Promise<string[]>} what is new in the registry
 */
async function release(changes) {
  const before = registry.published()
  changes.forEach(({ package: name, bump }, index) => {
    writeFileSync(join(clone, `.changeset/rehearsal-${index}.md`), `---\n'${name}': ${bump}\n---\n\nA rehearsal.\n`)
  })
  const options = { cwd: clone, env: registry.env }
  await must('pnpm', ['exec', 'changeset', 'version'], options)
  await must('node', ['packages/dashboard/build-page.mjs'], options)
  await must(
    'pnpm',
    ['exec', 'tsc', '-b', ...publicPackages.map(({ folder }) => `${folder}/tsconfig.build.json`)],
    options,
  )
  await must('pnpm', ['exec', 'changeset', 'publish', '--no-git-tag'], options)
  return registry.published().filter((entry) => !before.includes(entry))
}

function list(entries) {
  return entries.map((entry) => entry.replace('@svcproxy/', '')).join(' ')
}

function note(what, isRight, detail) {
  rows.push({ isRight, what, detail })
  console.log(`${isRight ? 'ok    ' : 'FAILED'} ${what}: ${detail} (after ${secondsSoFar()} s)`)
}

function print() {
  const width = Math.max(...rows.map(({ what }) => what.length))
  console.log(`\n${'what'.padEnd(width)}  result  how`)
  for (const { isRight, what, detail } of rows)
    console.log(`${what.padEnd(width)}  ${isRight ? 'ok    ' : 'FAILED'}  ${detail.split('\n')[0]}`)
  const wrong = rows.filter(({ isRight }) => !isRight).length
  console.log(`\n${rows.length - wrong} right, ${wrong} wrong, ${secondsSoFar()} s`)
  process.exitCode = wrong === 0 ? 0 : 1
}

function secondsSoFar() {
  return Math.round((Date.now() - began) / 1_000)
}
