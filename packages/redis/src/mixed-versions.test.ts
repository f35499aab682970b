import { factoryProvider, ServiceProxyManager } from '@svcproxy/core'
import { joinFleet } from '@svcproxy/fleet'
import { plainBreaker } from '@svcproxy/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { opened } from '../test/member.ts'
import { MISSING_REDIS, RedisServer } from '../test/redis-server.ts'
import { redisStore } from './index.ts'

const FAR = '99999999999999'
const EVIDENCE = { service: 'desk', failures: 3, threshold: 5, recoveryMs: 300 }

// What a later version of this package may have written, as far as it keeps the forms of this one: more fields, states
// that are not known here, hints of another version.
describe.skipIf(MISSING_REDIS !== undefined)(`members of two versions ${MISSING_REDIS ?? ''}`.trim(), () => {
  let server: RedisServer
  beforeAll(async () => void (server = await RedisServer.start()))
  beforeEach(() => server.command('FLUSHALL'))
  afterAll(() => server[Symbol.asyncDispose]())
  const options = () => ({ url: `redis://127.0.0.1:${server.port}` })
  const key = (name: string) => `svcproxy:{test}:${name}`
  const publish = (message: object) => server.command('PUBLISH', key('hints'), JSON.stringify(message))

  test('hints: those with more fields are understood, those of another version or kind are not', async () => {
    const { hints, connected } = opened(options())
    await connected(1)
    const invalidated = { kind: 'invalidated', member: 'newer', epoch: 'e', scope: 'desk', token: 't' }
    const circuit = { service: 'desk', state: 'open', generation: 'g', remainingMs: 5 }
    await publish({ v: 1, ...invalidated, reason: 'deployed' })
    await publish({ v: 1, kind: 'circuit', member: 'newer', circuit: { ...circuit, openings: 3 }, at: 5 })
    await publish({ v: 1, kind: 'circuit', member: 'newer', circuit: { ...circuit, state: 'ajar' } })
    await publish({ v: 1, kind: 'policy', member: 'newer', policy: {} })
    await publish({ v: 2, ...invalidated })
    await publish({ ...invalidated })
    await vi.waitFor(() => expect(hints).toHaveLength(6))
    expect(hints).toEqual([
      invalidated,
      { kind: 'circuit', member: 'newer', circuit },
      undefined,
      undefined,
      undefined,
      undefined,
    ])
  })

  test('a process drops the hints that it does not understand, counts them, and reads what they were about', async () => {
    let made = 0
    const create = () => ({ made: ++made })
    const manager = new ServiceProxyManager({ breaker: plainBreaker, cacheTtlMs: Infinity }).add('desk', {
      provider: factoryProvider('desk', { create }),
    })
    const fleet = await joinFleet(manager, { store: redisStore(options()), namespace: 'test', circuits: ['desk'] })
    onTestFinished(async () => {
      await fleet.leave()
      await manager.stop()
    })
    const desk = manager.getProxy('desk')
    await desk.get()
    await publish({ v: 2, kind: 'invalidated', member: 'newer', epoch: 'e', scope: 'desk', token: 't' })
    await publish({ v: 2, kind: 'circuit', member: 'newer', circuit: { service: 'desk', state: 'open' } })
    await vi.waitFor(() => expect(fleet.status.counts.droppedMessages).toBe(2))
    expect([(await desk.get()).made, desk.circuitState]).toEqual([1, 'closed'])
    await server.command('HSET', key('versions'), 'e', 'newer', 's:desk', 'newer', 'v', '2')
    // As when a connection was lost: the store is the truth.
    await server.command('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await vi.waitFor(async () => expect((await desk.get()).made).toBe(2), 5_000)
  })

  test('versions: other fields are left alone, and are no scopes', async () => {
    const { store, connected } = opened(options())
    await connected(1)
    await server.command(
      'HSET',
      key('versions'),
      'e',
      'epoch',
      's:desk',
      'token',
      'v',
      '2',
      'w:desk',
      'x',
      'S:desk',
      'y',
    )
    expect((await store.read()).versions).toEqual({ epoch: 'epoch', tokens: { desk: 'token' } })
    const { epoch, previous } = await store.invalidate('one', ['desk'])
    expect({ epoch, previous }).toEqual({ epoch: 'epoch', previous: { desk: 'token' } })
    expect(await server.command('HMGET', key('versions'), 'v', 'w:desk', 'S:desk')).toBe('2\nx\ny')
  })

  test('heartbeats: more is ignored, a state that is not known here is not told of, all else is', async () => {
    const { store, connected } = opened(options())
    await connected(1)
    const services = {
      desk: { state: 'open', failures: 0, openings: 3 },
      files: { state: 'probation', failures: 1 },
      mail: { state: 'closed', failures: 2 },
      print: 'well',
    }
    const told = { v: 2, label: 'newer', services, region: 'north' }
    const members = { newer: `1:${JSON.stringify(told)}`, newest: `${FAR}:{"name":"newest"}`, last: '{"at":1}' }
    await server.command('HSET', key('members'), ...Object.entries(members).flat())
    await server.command('ZADD', key('alive'), ...Object.keys(members).flatMap((id) => [FAR, id]))
    const seen = await store.heartbeat({ id: 'one', label: 'one' }, {}, 1_000)
    expect(seen.map(({ id, label, services: of }) => ({ id, label, services: of }))).toEqual([
      { id: 'one', label: 'one', services: {} },
      {
        id: 'newer',
        label: 'newer',
        services: { desk: { state: 'open', failures: 0 }, mail: { state: 'closed', failures: 2 } },
      },
    ])
    // Nobody is forgotten for being newer.
    expect(await server.command('HLEN', key('members'))).toBe('4')
  })

  test('circuits: one in a state that is not known here is not told of, the others are, and can be probed and closed', async () => {
    const { store, connected } = opened(options())
    await connected(1)
    await server.command('SADD', key('services'), 'desk', 'files', 'mail')
    const circuit = ['generation', 'g', 'probesAt', '1', 'openings', '3', 'reason', 'slow']
    await server.command('HSET', key('circuit:desk'), 'state', 'open', ...circuit)
    await server.command('HSET', key('circuit:files'), 'state', 'ramping', ...circuit)
    await server.command('HSET', key('circuit:mail'), 'phase', 'open')
    const view = { service: 'desk', state: 'open', generation: 'g', remainingMs: 0 }
    expect((await store.read()).circuits).toEqual([view])
    expect(await store.takeProbe('one', 'files', 1_000)).toBeUndefined()
    expect(await store.takeProbe('one', 'mail', 1_000)).toBeUndefined()
    const lease = await store.takeProbe('one', 'desk', 1_000)
    if (lease === undefined || !('token' in lease)) throw new Error('It is free')
    expect(await store.settleProbe(lease, 'succeeded', 0)).toBe(true)
    expect((await store.read()).circuits).toMatchObject([{ service: 'desk', state: 'closed' }])
    expect(await server.command('HMGET', key('circuit:desk'), 'openings', 'reason')).toBe('3\nslow')
    expect(await server.command('HGET', key('circuit:files'), 'state')).toBe('ramping')
  })

  test('a lease that another version has taken with more in it is one', async () => {
    const { store, connected } = opened(options())
    await connected(1)
    await server.command('SADD', key('services'), 'desk')
    const probe = ['probeMember', 'newer', 'probeToken', 't', 'probeEndsAt', FAR.slice(0, 13), 'probeReason', 'x']
    await server.command('HSET', key('circuit:desk'), 'state', 'open', 'generation', 'g', 'probesAt', '1', ...probe)
    const view = await store.takeProbe('one', 'desk', 1_000)
    expect(view).toMatchObject({ state: 'open', generation: 'g' })
    expect(view).not.toHaveProperty('token')
    expect(await store.settleProbe({ service: 'desk', token: 't' }, 'unused', 0)).toBe(true)
    expect(await store.takeProbe('one', 'desk', 1_000)).toHaveProperty('token')
  })

  test('evidence: what is added to it after a colon is ignored, and counts; another form does not', async () => {
    const { store, connected } = opened(options())
    await connected(1)
    for (const id of ['one', 'newer']) await store.heartbeat({ id, label: id }, {}, 5_000)
    const now = Date.now()
    await server.command('HSET', key('evidence:desk'), 'newer', `2,${now}`, 'newest', `2:${now}x`)
    expect(await store.report('one', [EVIDENCE])).toEqual([])
    await server.command('HSET', key('evidence:desk'), 'newer', `2:${now}:timeout`)
    expect(await store.report('one', [EVIDENCE])).toMatchObject([{ service: 'desk', state: 'open' }])
  })

  test('a circuit in a state that is not known here is opened by evidence, as one that nobody knows of', async () => {
    const { store, connected } = opened(options())
    await connected(1)
    await server.command('HSET', key('circuit:desk'), 'state', 'ramping', 'generation', 'g')
    expect(await store.report('one', [EVIDENCE])).toEqual([])
    const [view] = await store.report('one', [{ ...EVIDENCE, failures: 5 }])
    expect(view).toMatchObject({ state: 'open', remainingMs: 300 })
    expect(view?.generation).not.toBe('g')
  })
})
