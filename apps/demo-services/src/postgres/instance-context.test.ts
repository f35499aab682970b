import { AsyncLocalStorage } from 'node:async_hooks'
import { context, createContextKey, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { factoryProvider, ServiceProxyManager } from '@svcproxy/core'
import { instrument } from '@svcproxy/opentelemetry'
import { Pool } from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { EmbeddedPostgres } from './embedded-postgres.ts'

let postgres: EmbeddedPostgres
beforeAll(async () => {
  postgres = await EmbeddedPostgres.start()
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
}, 60_000)
afterAll(async () => {
  context.disable()
  await postgres[Symbol.asyncDispose]()
}, 60_000)

test('a pool of pg sees nothing of the request that happened to need it first: neither its store nor its trace', async () => {
  const user = new AsyncLocalStorage<string>()
  const tenant = createContextKey('tenant')
  const exporter = new InMemorySpanExporter()
  const tracerProvider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] })
  const tracer = tracerProvider.getTracer('test')
  const seen = new Map<string, unknown>()
  const see = (where: string): void => {
    const spanId = trace.getActiveSpan()?.spanContext().spanId
    seen.set(where, [
      user.getStore(),
      context.active().getValue(tenant),
      spanId === requestId ? 'the request' : undefined,
    ])
  }
  let requestId = ''
  let healthChecks = 0

  const manager = new ServiceProxyManager().add('database', {
    provider: factoryProvider<Pool>('database', {
      async create() {
        see('create')
        const pool = new Pool({ connectionString: postgres.url, max: 1, idleTimeoutMillis: 100 })
        pool.on('connect', (client) => {
          see('connect')
          client.on('notice', () => see('a message of the server'))
          client.on('end', () => see('the end of a connection'))
        })
        pool.on('remove', () => see('the timer of an idle connection'))
        const client = await pool.connect()
        see('create, later')
        await client.query("do $$ begin raise notice 'made'; end $$")
        client.release()
        return pool
      },
      async checkHealth(pool) {
        healthChecks++
        see('a health check')
        await pool.query('select 1')
        return true
      },
      async dispose(pool) {
        see('dispose')
        await pool.end()
      },
    }),
  })
  using _instrumented = instrument(manager, { tracerProvider, metrics: false })

  await user.run('alice', () =>
    context.with(context.active().setValue(tenant, 'acme'), () =>
      tracer.startActiveSpan('GET /', async (span) => {
        requestId = span.spanContext().spanId
        const rows = await manager.getProxy('database').call((pool) => pool.query('select 1 as one'))
        expect(rows).toMatchObject({ rows: [{ one: 1 }] })
        expect(user.getStore()).toBe('alice')
        span.end()
      }),
    ),
  )
  await vi.waitFor(() => expect([...seen.keys()]).toContain('the timer of an idle connection'))
  await user.run('bob', () => manager.stop())

  expect(healthChecks).toBeGreaterThan(0)
  expect([...seen.keys()].toSorted()).toEqual([
    'a health check',
    'a message of the server',
    'connect',
    'create',
    'create, later',
    'dispose',
    'the end of a connection',
    'the timer of an idle connection',
  ])
  for (const [where, stores] of seen) expect([where, stores]).toEqual([where, [undefined, undefined, undefined]])
})
