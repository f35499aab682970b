import { afterAll, beforeAll, expect, test } from 'vitest'
import { InvalidInputError, NotFoundError } from './domain-error.ts'
import { connectDatabase } from './postgres/database.ts'
import type { Database, DatabaseTraffic } from './postgres/database.ts'
import { EmbeddedPostgres } from './postgres/embedded-postgres.ts'
import { createServiceManager } from './service-manager.ts'
import type { DemoManager, ServiceManagerOptions } from './service-manager.ts'
import { openStandardServices } from './standard-services.ts'

const NO_FILE = new URL('no-such-file.json', import.meta.url)
let postgres: EmbeddedPostgres
let database: Database

beforeAll(async () => {
  postgres = await EmbeddedPostgres.start()
  database = await connectDatabase({ url: postgres.url, traffic: counting() })
}, 60_000)
afterAll(async () => {
  await database.end()
  await postgres[Symbol.asyncDispose]()
}, 60_000)

const counting = (): DatabaseTraffic => ({ connections: 0, queries: 0 })
const managerWith = (options: Partial<ServiceManagerOptions> = {}): DemoManager =>
  createServiceManager({ database: { url: postgres.url, traffic: counting() }, ...options })

test('proxied and plain services answer the same', async () => {
  await using manager = managerWith()
  const standard = await openStandardServices({ url: postgres.url, traffic: counting() })
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
  await using manager = managerWith({ policy: { failureThreshold: 2 } })
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
