import { Client, DatabaseError } from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { connectDatabase, noTraffic } from './database.ts'
import type { Database } from './database.ts'
import { EmbeddedPostgres } from './embedded-postgres.ts'
import { FailingDisk, FATES } from './failing-disk.ts'

const READ = 'select count(*)::integer from svcproxy_demo.vehicle_states'
const WRITE = `
  insert into svcproxy_demo.audit_entries (actor, action, entity_id, details) values ('me', 'lock', 'veh-001', '{}')`
let postgres: EmbeddedPostgres
let struck: Database
let spared: Database

beforeAll(async () => {
  postgres = await EmbeddedPostgres.start()
  struck = await connectDatabase({ url: postgres.url, traffic: noTraffic(), applicationName: 'struck' })
  spared = await connectDatabase({ url: postgres.url, traffic: noTraffic() })
}, 60_000)
afterAll(async () => {
  await Promise.all([struck.end(), spared.end()])
  await postgres[Symbol.asyncDispose]()
}, 60_000)

/** What becomes of one statement after another. */
async function fatesOf(database: Database, text: string, count: number): Promise<string> {
  let fates = ''
  for (let sent = 0; sent < count; sent++) {
    fates += await database.query(text).then(
      () => '.',
      (error: unknown) => (error instanceof DatabaseError && error.code === '58030' ? 'x' : '?'),
    )
  }
  return fates
}

test('two of each five statements fail, and three in a row at most', () => {
  const blocks = FATES.match(/.{5}/g)?.map((block) => block.replaceAll('.', ''))
  expect(blocks).toEqual(Array(FATES.length / 5).fill('xx'))
  expect(FATES + FATES).not.toContain('xxxx')
})

test('they fail in their order, again and again, and over connections that go on', async () => {
  await using disk = await FailingDisk.begin(postgres.url, ['struck'])
  expect(await fatesOf(struck, READ, FATES.length + 5)).toBe(FATES + FATES.slice(0, 5))
  expect(await fatesOf(struck, WRITE, 20)).toBe(FATES.slice(0, 20))
  expect(await disk.statements('struck', 'vehicle_states')).toBe(FATES.length + 5)
  expect(await disk.statements('struck', 'audit_entries')).toBe(20)
})

test('a statement that finds nothing fails like another', async () => {
  await using _disk = await FailingDisk.begin(postgres.url, ['struck'])
  const nothing = `update svcproxy_demo.vehicle_states set locked = true where vehicle_id = 'veh-999'`
  expect(await fatesOf(struck, nothing, 10)).toBe(FATES.slice(0, 10))
})

test('an application that was not named is spared', async () => {
  await using _disk = await FailingDisk.begin(postgres.url, ['struck'])
  expect(await fatesOf(spared, READ, 5)).toBe('.....')
  expect(await fatesOf(spared, WRITE, 5)).toBe('.....')
})

test('repaired it fails no more, and what was written while it failed is there', async () => {
  const before = await spared.query('select count(*)::integer from svcproxy_demo.audit_entries')
  const disk = await FailingDisk.begin(postgres.url, ['struck'])
  const locked = 'select locked from svcproxy_demo.vehicle_states where vehicle_id = $1'
  await spared.query("update svcproxy_demo.vehicle_states set locked = true where vehicle_id = 'veh-001'")
  await disk.repair()
  expect(await fatesOf(struck, READ, 10)).toBe('..........')
  expect(await fatesOf(struck, WRITE, 10)).toBe('..........')
  expect(await spared.query(locked, ['veh-001'])).toEqual([{ locked: true }])
  expect(await spared.query('select count(*)::integer from svcproxy_demo.audit_entries')).toEqual([
    { count: Number(before[0]?.['count']) + 10 },
  ])
  await disk[Symbol.asyncDispose]()
})

test('it is repaired although an application holds locks in the other order', async () => {
  const disk = await FailingDisk.begin(postgres.url, ['struck'])
  const client = new Client({ connectionString: postgres.url })
  await client.connect()
  try {
    await client.query(`begin; ${WRITE}`)
    const repaired = disk.repair()
    // It waits for the lock of the application, which then wants what the repair has locked. One of them has to give way.
    await vi.waitFor(async () => expect(await spared.query('select 1 from pg_locks where not granted')).not.toEqual([]))
    await client.query(`${READ}; commit`)
    await repaired
  } finally {
    await client.end()
  }
  expect(await fatesOf(struck, READ, 5)).toBe('.....')
})
