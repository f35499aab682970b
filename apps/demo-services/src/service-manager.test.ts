import { DatabaseError } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { InvalidInputError, NotFoundError } from './domain-error.ts'
import { connectDatabase, noTraffic } from './postgres/database.ts'
import type { Database } from './postgres/database.ts'
import { FailingDisk, FATES } from './postgres/failing-disk.ts'
import { EmbeddedPostgres } from './postgres/embedded-postgres.ts'
import { createServiceManager } from './service-manager.ts'
import type { DemoManager, ServiceManagerOptions } from './service-manager.ts'
import { openStandardServices } from './standard-services.ts'

const NO_FILE = new URL('no-such-file.json', import.meta.url)
let postgres: EmbeddedPostgres
let database: Database

beforeAll(async () => {
  postgres = await EmbeddedPostgres.start()
  database = await connectDatabase({ url: postgres.url, traffic: noTraffic() })
}, 60_000)
afterAll(async () => {
  await database.end()
  await postgres[Symbol.asyncDispose]()
}, 60_000)

const outcomeOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'answered',
    (error: unknown) => (error instanceof DatabaseError ? error.code : error),
  )
const managerWith = (options: Partial<ServiceManagerOptions> = {}): DemoManager =>
  createServiceManager({ database: { url: postgres.url, traffic: noTraffic() }, ...options })

test('proxied and plain services answer the same', async () => {
  await using manager = managerWith()
  const standard = await openStandardServices({ url: postgres.url, traffic: noTraffic() })
  const { entityService, featureManager, configService } = manager.services
  expect(await entityService.getEntity('veh-004')).toEqual(await standard.services.entityService.getEntity('veh-004'))
  expect(await featureManager.getFeature('live_map')).toEqual(
    await standard.services.featureManager.getFeature('live_map'),
  )
  expect(await configService.getConfig()).toEqual(await standard.services.configService.getConfig())
  await standard.end()
})

test('asking for what does not exist never opens the circuit', async () => {
  await using manager = managerWith({ policy: { failureThreshold: 1 } })
  const { entityService } = manager.services
  for (let count = 0; count < 3; count++) {
    await expect(entityService.getEntity('veh-999')).rejects.toThrow(NotFoundError)
    await expect(entityService.applyCommand('veh-999', { type: 'lock' })).rejects.toThrow(NotFoundError)
  }
  expect(manager.getProxy('entityService').circuitState).toBe('closed')
  expect(manager.getProxy('entityService').getMetrics()).toMatchObject({ failedRequests: 0, fallbacks: 0 })
})

test('an id that PostgreSQL refuses never opens the circuit', async () => {
  await using manager = managerWith({ policy: { failureThreshold: 1 } })
  const { entityService } = manager.services
  for (let count = 0; count < 3; count++) {
    await expect(entityService.getEntity('veh\0')).rejects.toMatchObject({ code: '22021' })
  }
  expect(manager.getProxy('entityService').circuitState).toBe('closed')
})

test('an id is data, never SQL', async () => {
  await using manager = managerWith()
  const hostile = "veh-001' or '1'='1"
  await expect(manager.services.entityService.getEntity(hostile)).rejects.toThrow(NotFoundError)
})

test('a command changes what it is about, and nothing else', async () => {
  await using manager = managerWith()
  const { entityService } = manager.services
  const before = await entityService.getEntity('veh-005')
  const limited = await entityService.applyCommand('veh-005', { type: 'limit_speed', speedKmh: 50 })
  expect(limited).toEqual({ ...before, speedLimitKmh: 50, updatedAt: limited.updatedAt })
  expect((await entityService.applyCommand('veh-005', { type: 'lock' })).locked).toBe(true)
  const unlocked = await entityService.applyCommand('veh-005', { type: 'unlock' })
  expect(unlocked).toMatchObject({ locked: false, speedLimitKmh: 50 })
})

test('an audit entry is in the database when its number is known', async () => {
  await using manager = managerWith()
  const entry = { actor: 'me', action: 'unlock', entityId: 'veh-001', details: { why: "it's mine" } }
  const id = await manager.services.securityAuditService.record(entry)
  const rows = await database.query(
    'select actor, action, entity_id as "entityId", details from svcproxy_demo.audit_entries where id = $1',
    [id],
  )
  expect(rows).toEqual([entry])
})

test('without its file the feature manager gives way to cautious defaults', async () => {
  await using manager = managerWith({ featuresFile: NO_FILE })
  const { featureManager } = manager.services
  expect(await featureManager.getFeature('remote_unlock')).toEqual({
    name: 'remote_unlock',
    enabled: false,
    source: 'default',
  })
  expect(manager.getProxy('featureManager').getMetrics()).toMatchObject({ fallbacks: 1, failedRequests: 1 })
})

test('without the database the last list is remembered; a single vehicle is an error, as before', async () => {
  // The list is asked for three times, so the next failure is the fourth.
  await using manager = managerWith({ policy: { failureThreshold: 4 } })
  const { entityService } = manager.services
  const live = await entityService.listEntities()
  await postgres.kill()
  try {
    expect(await entityService.listEntities()).toEqual({ ...live, source: 'last known' })
    await expect(entityService.getEntity('veh-001')).rejects.toThrow(/ECONNREFUSED|terminat/)
    await expect(entityService.getEntity('veh-001')).rejects.toMatchObject({ code: 'SVCPROXY_CIRCUIT_OPEN' })
    expect(await entityService.listEntities()).toEqual({ ...live, source: 'last known' })
  } finally {
    await postgres.start()
  }
})

test('reads that fail are tried again, within the budget', async () => {
  const applicationName = 'reader'
  await using disk = await FailingDisk.begin(postgres.url, [applicationName])
  const traffic = noTraffic()
  await using manager = managerWith({
    database: { url: postgres.url, traffic, applicationName },
    policy: { retryBudget: { ratio: 0.2, minPerSecond: 0 } },
  })
  const reads = []
  // One at a time: the disk has its order.
  for (let count = 0; count < 20; count++)
    reads.push(await outcomeOf(manager.services.entityService.getEntity('veh-001')))
  const { success, failure, denied } = manager.getProxy('entityService').getCounts().retries
  const sent = 20 + success + failure
  expect(success).toBeGreaterThan(0)
  expect(denied).toBeGreaterThan(0)
  expect(sent).toBeLessThanOrEqual(20 * 1.2)
  expect([traffic.reads, await disk.statements(applicationName, 'vehicle_states')]).toEqual([sent, sent])
  expect(reads.filter((outcome) => outcome === 'answered')).toHaveLength(
    FATES.slice(0, sent).replaceAll('x', '').length,
  )
  expect(new Set(reads)).toEqual(new Set(['answered', '58030']))
})

test('commands that fail are not tried again', async () => {
  const applicationName = 'writer'
  await using disk = await FailingDisk.begin(postgres.url, [applicationName])
  await using manager = managerWith({ database: { url: postgres.url, traffic: noTraffic(), applicationName } })
  const { entityService, securityAuditService } = manager.services
  const entry = { actor: 'writer', action: 'lock', entityId: 'veh-001', details: {} }
  const commands = []
  for (let count = 0; count < 5; count++) {
    commands.push(await outcomeOf(entityService.applyCommand('veh-001', { type: 'lock' })))
    commands.push(await outcomeOf(securityAuditService.record(entry)))
  }
  expect(commands.filter((outcome) => outcome === '58030')).toHaveLength(4)
  expect(await disk.statements(applicationName, 'vehicle_states')).toBe(5)
  expect(await disk.statements(applicationName, 'audit_entries')).toBe(5)
  const [row] = await database.query("select count(*)::integer from svcproxy_demo.audit_entries where actor = 'writer'")
  expect(row).toEqual({ count: 3 })
})

test('a part of the records that fails opens the circuit of the audit trail, before so many fail in a row', async () => {
  const applicationName = 'recorder'
  await using _disk = await FailingDisk.begin(postgres.url, [applicationName])
  await using manager = managerWith({ database: { url: postgres.url, traffic: noTraffic(), applicationName } })
  const proxy = manager.getProxy('securityAuditService')
  const entry = { actor: 'recorder', action: 'lock', entityId: 'veh-001', details: {} }
  const inARow = []
  while (proxy.circuitState === 'closed') {
    await outcomeOf(proxy.service.record(entry))
    inARow.push(proxy.getStatus().circuit?.consecutiveFailures)
  }
  expect(inARow).toHaveLength(20)
  expect(Math.max(...inARow.map(Number))).toBeLessThan(5)
})

test('all services are well, and stopping the manager ends their connections', async () => {
  const manager = managerWith()
  await manager.services.entityService.listEntities()
  await manager.services.securityAuditService.record({ actor: 'me', action: 'a', entityId: 'veh-001', details: {} })
  expect(await manager.getHealthStatus()).toMatchObject({ status: 'pass' })
  const connections = `
    select count(*)::integer from pg_stat_activity
    where application_name = 'svcproxy-demo' and pid <> pg_backend_pid()`
  expect(await database.query(connections)).toEqual([{ count: 2 }])
  await manager.stop()
  await expect.poll(async () => database.query(connections)).toEqual([{ count: 0 }])
})

test('an invalid input is a domain error', () => {
  expect(new InvalidInputError('no')).toMatchObject({ name: 'InvalidInputError', message: 'no' })
})
