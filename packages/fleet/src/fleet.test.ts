import { factoryProvider, InvalidOptionError, ServiceProxyManager } from '@svcproxy/core'
import type { ProxySettings } from '@svcproxy/core'
import { ManualClock, plainBreaker } from '@svcproxy/testing'
import { MemoryFleet } from '@svcproxy/testing/fleet'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { joinFleet } from './index.ts'
import type { FleetOptions } from './index.ts'

const down = new Error('down')

interface Desk {
  readonly made: number
  ask(): Promise<string>
}

/** Some processes, each with a manager and a service that is down when the test says so. */
function setUp() {
  const clock = new ManualClock()
  const engine = new MemoryFleet({ clock })
  let isDown = false
  let asked = 0
  const process = async (
    options: Partial<FleetOptions<{ desk: Desk; files: Desk }>> = {},
    settings: ProxySettings = {},
  ) => {
    let made = 0
    const create = (): Desk => ({
      made: ++made,
      ask: async () => {
        asked++
        if (isDown) throw down
        return 'answer'
      },
    })
    const manager = new ServiceProxyManager({
      breaker: plainBreaker,
      circuit: { failureThreshold: 5, successThreshold: 1, recoveryTimeoutMs: 1_000 },
      timeoutMs: 500,
      cacheTtlMs: Infinity,
      disposeGraceMs: 0,
      clock,
      ...settings,
    })
      .add('desk', { provider: factoryProvider('desk', { create }) })
      .add('files', { provider: factoryProvider('files', { create }) })
    const store = engine.store()
    const joining = joinFleet(manager, { store, namespace: 'test', random: () => 0.5, ...options })
    await clock.advanceAsync(10)
    const fleet = await joining
    const events: string[] = []
    manager.on('circuit', ({ service, to, cause }) => events.push(`${service} ${to}: ${cause}`))
    const stop = async (): Promise<void> => {
      const leaving = fleet.leave()
      await clock.advanceAsync(1_000)
      await leaving
      await manager.stop()
    }
    onTestFinished(stop)
    const proxy = manager.getProxy('desk')
    const ask = () => proxy.service.ask().catch((error: unknown) => (error as Error).name)
    const instance = async () => (await manager.getProxy('desk').get()).made
    return { manager, proxy, fleet, store, events, ask, instance, stop }
  }
  return {
    clock,
    engine,
    process,
    fail: (failing = true) => (isDown = failing),
    get asked() {
      return asked
    },
  }
}

describe('the manager', () => {
  test('shows the fleet, and its health warns while this process does not hear the others', async () => {
    const { clock, engine, process } = setUp()
    const [one] = [await process({ circuits: ['desk'] }), await process()]
    expect(one.manager.fleet).toBe(one.fleet)
    // The second came after the heartbeat of the first.
    await clock.advanceAsync(6_000)
    const health = async () => {
      const asked = one.manager.getHealthStatus()
      await clock.advanceAsync(1)
      return asked
    }
    expect(await health()).toMatchObject({
      status: 'pass',
      fleet: { status: 'pass', state: 'connected', members: 2, queuedInvalidations: 0 },
    })
    engine.stop()
    await clock.settle()
    await one.fleet.invalidate('desk')
    expect(await health()).toMatchObject({
      status: 'warn',
      fleet: { status: 'warn', state: 'degraded', queuedInvalidations: 1 },
    })
    engine.restart()
    await clock.advanceAsync(100)
    await one.stop()
    expect(one.manager.fleet?.status.state).toBe('left')
  })

  test('is in one fleet at a time, and may join again when it has left', async () => {
    const { clock, engine, process } = setUp()
    const { manager, stop } = await process()
    const join = () => joinFleet(manager, { store: engine.store(), namespace: 'again' })
    await expect(join()).rejects.toThrow('manager must be a manager that is in no fleet yet')
    const leaving = manager.fleet as unknown as AsyncDisposable
    const left = leaving[Symbol.asyncDispose]()
    await clock.advanceAsync(1_000)
    await left
    const joining = join()
    await clock.advanceAsync(10)
    const again = await joining
    expect(manager.fleet).toBe(again)
    const leavingAgain = again.leave()
    await clock.advanceAsync(1_000)
    await leavingAgain
    await stop()
  })

  test('hears of the members when somebody looks, at most once a second', async () => {
    const { clock, engine, process } = setUp()
    const [one, two] = [await process(), await process()]
    await clock.advanceAsync(1_100)
    const look = async () => {
      const refreshed = Promise.all([one.fleet.refresh(), one.fleet.refresh()])
      await clock.advanceAsync(5)
      await refreshed
      return one.fleet.status.members.map(({ id, seenMsAgo }) => [id, Math.round(seenMsAgo / 100)])
    }
    const [first, second] = [one.fleet.status.member.id, two.fleet.status.member.id]
    expect(await look()).toEqual([
      [first, 0],
      [second, 11],
    ])
    await clock.advanceAsync(500)
    expect(await look()).toEqual([
      [first, 5],
      [second, 16],
    ])
    engine.stop()
    await clock.advanceAsync(1_000)
    expect((await look()).length).toBe(2)
  })
})

describe('an invalidation', () => {
  test('reaches every process of the fleet, and nobody twice', async () => {
    const { clock, process } = setUp()
    const [one, two, three] = [await process(), await process(), await process()]
    expect([await one.instance(), await two.instance(), await three.instance()]).toEqual([1, 1, 1])
    const sent = one.fleet.invalidate('desk')
    await clock.advanceAsync(5)
    expect(await sent).toEqual({ local: true, fleet: 'sent' })
    expect([await one.instance(), await two.instance(), await three.instance()]).toEqual([2, 2, 2])
    await clock.advanceAsync(60_000)
    expect([await one.instance(), await two.instance(), await three.instance()]).toEqual([2, 2, 2])
    expect(two.fleet.status.counts).toMatchObject({ hints: 1, invalidationsReceived: 1, missedHints: 0 })
    expect(one.fleet.status.counts).toMatchObject({ invalidationsSent: 1, invalidationsReceived: 0 })
  })

  test('of all services is one as well', async () => {
    const { clock, process } = setUp()
    const [one, two] = [await process(), await process()]
    await two.instance()
    await two.manager.getProxy('files').get()
    void one.fleet.invalidate()
    await clock.advanceAsync(5)
    expect(await two.instance()).toBe(3)
    await expect(one.fleet.invalidate('nobody' as 'desk')).rejects.toThrow(InvalidOptionError)
  })

  test('whose hint is lost is found in the store, and the subscription made anew', async () => {
    const { clock, process } = setUp()
    const [one, two] = [await process(), await process()]
    await two.instance()
    two.store.loseHints()
    void one.fleet.invalidate('desk')
    await clock.advanceAsync(5)
    expect(await two.instance()).toBe(1)
    await clock.advanceAsync(18_000)
    expect(await two.instance()).toBe(2)
    expect(two.fleet.status).toMatchObject({ state: 'connected', counts: { missedHints: 1 } })
    void one.fleet.invalidate('desk')
    await clock.advanceAsync(5)
    expect(await two.instance()).toBe(3)
  })

  test('made while the store is away is in force here, and told when it is back', async () => {
    const { clock, engine, process } = setUp()
    const [one, two] = [await process(), await process()]
    await two.instance()
    engine.stop()
    await clock.settle()
    expect(one.fleet.status).toMatchObject({ state: 'degraded', counts: { disconnections: 1 } })
    expect(await one.fleet.invalidate('desk')).toEqual({ local: true, fleet: 'queued' })
    expect(await one.fleet.invalidate('desk')).toEqual({ local: true, fleet: 'queued' })
    expect(one.fleet.status.queuedInvalidations).toBe(1)
    engine.restart()
    await clock.advanceAsync(100)
    expect(await two.instance()).toBe(2)
    expect(one.fleet.status).toMatchObject({ state: 'connected', queuedInvalidations: 0 })
  })

  test('that the store has forgotten, or older data of it, has everything loaded anew', async () => {
    for (const data of ['empty', 'older'] as const) {
      const { clock, engine, process } = setUp()
      const [one, two] = [await process(), await process()]
      void one.fleet.invalidate('desk')
      await clock.advanceAsync(5)
      const older = engine.save()
      void one.fleet.invalidate('desk')
      await clock.advanceAsync(5)
      expect([await one.instance(), await two.instance()]).toEqual([1, 1])
      engine.stop()
      await clock.advanceAsync(1_000)
      engine.restart(data === 'empty' ? 'empty' : older)
      await clock.advanceAsync(200)
      expect([await one.instance(), await two.instance()]).toEqual([2, 2])
      await clock.advanceAsync(60_000)
      expect([await one.instance(), await two.instance()]).toEqual([2, 2])
    }
  })

  test('that is lost with the store, whose process has left, has everything loaded anew', async () => {
    const { clock, engine, process } = setUp()
    const [one, two] = [await process(), await process()]
    void one.fleet.invalidate('files')
    await clock.advanceAsync(500)
    expect(await two.instance()).toBe(1)
    two.store.loseHints()
    void one.fleet.invalidate('desk')
    await clock.advanceAsync(5)
    await one.stop()
    engine.stop()
    engine.restart('empty')
    await clock.advanceAsync(200)
    expect(two.fleet.status.state).toBe('connected')
    expect(await two.instance()).toBe(2)
  })

  test('in the very moment of another one’s is not lost, though its hint is', async () => {
    const { clock, process } = setUp()
    const [one, two] = [await process(), await process()]
    one.store.loseHints()
    // Invalidated here and loaded again, before the other's invalidation reaches the store; then its own does.
    void two.fleet.invalidate('desk')
    await clock.advanceAsync(0.6)
    expect(await one.instance()).toBe(1)
    void one.fleet.invalidate('desk')
    await clock.advanceAsync(5)
    expect(await one.instance()).toBeGreaterThanOrEqual(2)
    expect(one.fleet.status.counts.invalidationsReceived).toBe(1)
  })
})

describe('while it is disconnected', () => {
  test('a process serves what it has for 30 s at most, or as long as ever, or nothing twice', async () => {
    const { clock, engine, process } = setUp()
    const [shorten, keep, bypass] = [
      await process(),
      await process({ whileDisconnected: 'keep' }),
      await process({ whileDisconnected: 'bypass' }),
    ]
    const security = await process({ whileDisconnected: 'keep' }, { security: true })
    const all = async () => Promise.all([shorten, keep, bypass, security].map(({ instance }) => instance()))
    expect(await all()).toEqual([1, 1, 1, 1])
    engine.stop()
    await clock.advanceAsync(1)
    expect(await all()).toEqual([1, 1, 2, 2])
    await clock.advanceAsync(1)
    expect(await all()).toEqual([1, 1, 3, 3])
    await clock.advanceAsync(30_000)
    expect(await all()).toEqual([2, 1, 4, 4])
    engine.restart()
    await clock.advanceAsync(1_000)
    const after = await all()
    await clock.advanceAsync(60_000)
    expect(await all()).toEqual(after)
  })

  test('it joins late, and nothing waits for it', async () => {
    const { clock, engine, process } = setUp()
    engine.stop()
    const joining = process({ joinTimeoutMs: 300 })
    await clock.advanceAsync(300)
    const one = await joining
    expect(one.fleet.status.state).toBe('degraded')
    expect(await one.ask()).toBe('answer')
    engine.restart()
    await clock.advanceAsync(200)
    expect(one.fleet.status.state).toBe('connected')
    expect(one.fleet.status.members).toHaveLength(1)
  })

  test('a link that is lost while it joins is no end of joining, and no error of the store', async () => {
    const { clock, engine } = setUp()
    const manager = new ServiceProxyManager({ clock })
    const store = engine.store()
    const joining = joinFleet(manager, { store, namespace: 'test', joinTimeoutMs: 300 })
    let joined = false
    void joining.then(() => (joined = true))
    // Connected at 0.5 ms, the store is read at 1.5, and the first heartbeat is on its way.
    await clock.advanceAsync(2)
    store.cut()
    await clock.advanceAsync(100)
    expect(joined).toBe(false)
    store.heal()
    await clock.advanceAsync(100)
    const fleet = await joining
    expect(fleet.status).toMatchObject({ state: 'connected', counts: { storeErrors: 0 } })
    const leaving = fleet.leave()
    await clock.advanceAsync(10)
    await leaving
    expect(clock.pendingTimers).toBe(0)
  })

  test('a link that is frozen is noticed, and healed', async () => {
    const { clock, process } = setUp()
    const [one, two] = [await process(), await process()]
    await two.instance()
    two.store.freeze()
    void one.fleet.invalidate('desk')
    await clock.advanceAsync(10_000)
    expect(two.fleet.status.state).toBe('degraded')
    expect(await two.instance()).toBe(1)
    two.store.heal()
    await clock.advanceAsync(500)
    expect(two.fleet.status.state).toBe('connected')
    expect(await two.instance()).toBe(2)
  })
})

describe('a shared circuit', () => {
  const shared = { circuits: ['desk'] as const }

  test('opens for all by what they have seen together, one process probes, and all close', async () => {
    const world = setUp()
    const { clock, process, fail } = world
    const all = []
    for (let count = 0; count < 4; count++) all.push(await process(shared))
    const [one, two, three, four] = all as [(typeof all)[0], (typeof all)[0], (typeof all)[0], (typeof all)[0]]
    for (const { ask } of all) await ask()
    const before = world.asked
    fail()
    for (const { ask } of [one, two, three, one, two]) await ask()
    await clock.advanceAsync(5)
    expect(all.map(({ proxy }) => proxy.circuitState)).toEqual(['open', 'open', 'open', 'open'])
    expect(world.asked - before).toBe(5)
    expect(four.proxy.getStatus().circuit).toMatchObject({ heldBy: 'fleet' })
    expect(await four.ask()).toBe('CircuitOpenError')

    // One probes in each recovery time.
    for (let period = 0; period < 3; period++) {
      const asked = world.asked
      for (let step = 0; step < 110; step++) {
        await clock.advanceAsync(10)
        for (const { ask } of all) await ask()
      }
      expect(world.asked - asked).toBe(1)
    }
    fail(false)
    for (let step = 0; step < 130; step++) {
      await clock.advanceAsync(10)
      for (const { ask } of all) await ask()
    }
    expect(all.map(({ proxy }) => proxy.circuitState)).toEqual(['closed', 'closed', 'closed', 'closed'])
    expect(all.map(({ fleet }) => fleet.status.counts.probes).reduce((sum, one) => sum + one, 0)).toBe(4)
    expect(all.flatMap(({ events }) => events).filter((event) => event.includes('closed: process'))).toHaveLength(1)
  })

  test('does not open for all by what one process alone has seen', async () => {
    const { clock, process } = setUp()
    const [one, two, three] = [await process(shared), await process(shared), await process(shared)]
    for (let count = 0; count < 9; count++) {
      await one.proxy.call(() => Promise.reject(down)).catch(() => undefined)
      await clock.advanceAsync(3)
    }
    expect([one, two, three].map(({ proxy }) => proxy.circuitState)).toEqual(['open', 'closed', 'closed'])
    expect(two.fleet.status.circuits).toEqual([])
  })

  test('is probed by another process when the one that has the probe dies', async () => {
    const world = setUp()
    const { clock, process, fail } = world
    const [one, two] = [await process(shared), await process(shared)]
    fail()
    for (const { ask } of [one, two, one, two, one]) await ask()
    await clock.advanceAsync(5)
    expect(two.proxy.circuitState).toBe('open')
    await clock.advanceAsync(1_000)
    for (let step = 0; step < 40 && one.fleet.status.counts.probes === 0; step++) {
      await one.ask()
      await clock.advanceAsync(10)
    }
    expect([one.fleet.status.counts.probes, two.fleet.status.counts.probes]).toEqual([1, 0])
    // In the middle of it.
    one.store.freeze()
    fail(false)
    const frozenAt = clock.now()
    for (let step = 0; step < 400 && two.proxy.circuitState !== 'closed'; step++) {
      await two.ask()
      await clock.advanceAsync(10)
    }
    expect(two.proxy.circuitState).toBe('closed')
    expect(clock.now() - frozenAt).toBeLessThanOrEqual(1_500 + 200)
  })

  test('is looked at in the store when somebody asks who probes, also right after a heartbeat', async () => {
    const { clock, process, fail } = setUp()
    const [one, two] = [await process(shared), await process(shared)]
    fail()
    for (const { ask } of [one, two, one, two, one]) await ask()
    await clock.advanceAsync(5)
    const heardAgo = () => two.fleet.status.members.find(({ id }) => id === two.fleet.status.member.id)?.seenMsAgo ?? 0
    for (let last = -1; heardAgo() > last; await clock.advanceAsync(10)) last = heardAgo()
    const read = vi.spyOn(two.store, 'read')
    const refreshed = two.fleet.refresh()
    await clock.advanceAsync(5)
    await refreshed
    expect(two.proxy.circuitState).toBe('open')
    expect(read).toHaveBeenCalledTimes(1)
  })

  test('whose prober dies is probed by one of those that are called, not by all', async () => {
    const world = setUp()
    const { clock, process, fail } = world
    const all = await Promise.all(Array.from({ length: 5 }, () => process(shared)))
    const load = async (ms: number, on = all) => {
      for (let step = 0; step < ms / 10; step++) {
        for (const { ask } of on) void ask()
        await clock.advanceAsync(10)
      }
    }
    fail()
    await load(100)
    expect(all.map(({ proxy }) => proxy.circuitState)).toEqual(all.map(() => 'open'))
    let prober: (typeof all)[number] | undefined
    for (let step = 0; step < 200 && prober === undefined; step++) {
      await load(10)
      prober = all.find(({ proxy }) => proxy.circuitState === 'half_open')
    }
    prober?.store.freeze()
    const others = all.filter((one) => one !== prober)
    const before = world.asked
    await load(2_500, others)
    // The lease of the dead one is 1.5 s, and a recovery time 1 s.
    expect(world.asked - before).toBe(1)
  })

  test('is tried by the next call when nobody has called for long, and nobody takes turns meanwhile', async () => {
    const world = setUp()
    const { clock, process, fail } = world
    const [one, two] = [await process(shared), await process(shared)]
    fail()
    for (const { ask } of [one, two, one, two, one]) await ask()
    await clock.advanceAsync(5)
    one.events.length = 0
    await clock.advanceAsync(600_000)
    expect(one.events).toEqual(['desk half_open: process'])
    expect(one.fleet.status.counts.probes).toBe(0)
    // What it finds is told: the other one, which is on its own by now, waits again.
    const before = world.asked
    await one.ask()
    await clock.advanceAsync(5)
    expect([world.asked - before, one.proxy.circuitState, two.proxy.circuitState]).toEqual([1, 'open', 'open'])
    expect(await two.ask()).toBe('CircuitOpenError')
    await clock.advanceAsync(600_000)
    fail(false)
    expect(await two.ask()).toBe('answer')
    await clock.advanceAsync(5)
    // What opened by its own trial closes by its own trial.
    expect([one.proxy.circuitState, two.proxy.circuitState]).toEqual(['half_open', 'closed'])
    expect(await one.ask()).toBe('answer')
    expect(one.proxy.circuitState).toBe('closed')
  })

  test.for([700, 3_000, 8_000])('is closed by calls that come every %i ms', async (everyMs) => {
    const world = setUp()
    const { clock, process, fail } = world
    const only = await process(shared)
    fail()
    for (let call = 0; call < 5; call++) await only.ask()
    await clock.advanceAsync(5)
    expect(only.proxy.circuitState).toBe('open')
    fail(false)
    let refused = 0
    while ((await only.ask()) !== 'answer') {
      refused++
      await clock.advanceAsync(everyMs)
    }
    expect(refused).toBeLessThanOrEqual(5)
  })

  test('is opened anew by what all find when the store has lost its data', async () => {
    const world = setUp()
    const { clock, engine, process, fail } = world
    const all = [await process(shared), await process(shared)]
    fail()
    for (let call = 0; call < 3; call++) for (const { ask } of all) await ask()
    await clock.advanceAsync(5)
    engine.restart('empty')
    for (let step = 0; step < 500; step++) {
      for (const { ask } of all) void ask()
      await clock.advanceAsync(10)
    }
    const before = world.asked
    for (let step = 0; step < 500; step++) {
      for (const { ask } of all) void ask()
      await clock.advanceAsync(10)
    }
    // One probe in each recovery time of a second, and what it takes to get the probe.
    expect(world.asked - before).toBeLessThanOrEqual(5)
    expect(world.asked - before).toBeGreaterThanOrEqual(3)
  })

  test('goes on by itself when the store is gone: at its own end each process makes its own trial', async () => {
    const world = setUp()
    const { clock, engine, process, fail } = world
    const [one, two] = [await process(shared), await process(shared)]
    fail()
    for (const { ask } of [one, two, one, two, one]) await ask()
    await clock.advanceAsync(5)
    engine.stop()
    fail(false)
    await clock.advanceAsync(1_000)
    expect([one, two].map(({ proxy }) => proxy.circuitState)).toEqual(['open', 'open'])
    await clock.advanceAsync(2_000)
    expect([await one.ask(), await two.ask()]).toEqual(['answer', 'answer'])
    engine.restart()
    await clock.advanceAsync(3_000)
    expect([one, two].map(({ proxy }) => proxy.circuitState)).toEqual(['closed', 'closed'])
    expect(one.fleet.status.circuits).toMatchObject([{ state: 'closed' }])
  })

  /** Two processes whose circuit has just opened. */
  async function opened() {
    const world = setUp()
    const [one, two] = [await world.process(shared), await world.process(shared)]
    world.fail()
    for (const { ask } of [one, two, one, two, one]) await ask()
    await world.clock.advanceAsync(5)
    expect([one.proxy.circuitState, two.proxy.circuitState]).toEqual(['open', 'open'])
    /** Both are called, until something is so; for how many milliseconds. */
    const callUntil = async (isSo: () => boolean, mostMs: number): Promise<number> => {
      const startedAt = world.clock.now()
      while (!isSo() && world.clock.now() - startedAt < mostMs) {
        for (const { ask } of [one, two]) await ask()
        await world.clock.advanceAsync(10)
      }
      return world.clock.now() - startedAt
    }
    return { ...world, one, two, callUntil }
  }

  test('that an operator closes in one process is not taken for well by the others', async () => {
    const { clock, one, two } = await opened()
    two.store.freeze()
    one.proxy.resetCircuitBreaker({ cause: 'operator' })
    // The store is read again meanwhile, and tells of the circuit that it knows; nobody has probed it.
    await clock.advanceAsync(20_000)
    expect(one.proxy.circuitState).toBe('closed')
    expect(one.fleet.status.circuits).toMatchObject([{ state: 'open' }])
  })

  test('is probed soon when the store is back, though it was away when its time was over', async () => {
    const { clock, engine, fail, one, two, callUntil } = await opened()
    await clock.advanceAsync(900)
    engine.stop()
    fail(false)
    await clock.advanceAsync(400)
    engine.restart()
    const closedAfterMs = await callUntil(
      () => one.proxy.circuitState === 'closed' && two.proxy.circuitState === 'closed',
      5_000,
    )
    expect(closedAfterMs).toBeLessThanOrEqual(500)
  })

  test('stays open in a process that leaves: it makes its own trials when the hold is over', async () => {
    const { clock, fail, one } = await opened()
    const leaving = one.fleet.leave()
    await clock.advanceAsync(10)
    await leaving
    expect([one.proxy.circuitState, await one.ask()]).toEqual(['open', 'CircuitOpenError'])
    fail(false)
    await clock.advanceAsync(3_000)
    expect(one.proxy.circuitState).toBe('half_open')
    expect(await one.ask()).toBe('answer')
    expect(one.proxy.circuitState).toBe('closed')
  })

  test('is told to who joins later', async () => {
    const { clock, process, fail } = setUp()
    const [one, two] = [await process(shared), await process(shared)]
    fail()
    for (const { ask } of [one, two, one, two, one]) await ask()
    await clock.advanceAsync(5)
    const three = await process(shared)
    expect(three.proxy.circuitState).toBe('open')
  })
})

describe('what is not ours', () => {
  test('is dropped, counted and harmless', async () => {
    const { clock, engine, process } = setUp()
    const one = await process({ circuits: ['desk'] })
    await one.instance()
    const invalidated = { v: 1, kind: 'invalidated', member: 'x', epoch: 'e', scope: 'desk', token: 't' }
    const circuit = { service: 'desk', state: 'open', generation: 'g', remainingMs: 5 }
    const bad: unknown[] = [
      'no JSON',
      '',
      'null',
      '[]',
      { ...invalidated, v: 2 },
      { ...invalidated, scope: 'nobody' },
      { ...invalidated, scope: '__proto__' },
      { ...invalidated, scope: 'constructor' },
      { ...invalidated, token: 5 },
      { ...invalidated, member: 'x'.repeat(2_000) },
      { ...invalidated, kind: 'other' },
      { v: 1, kind: 'circuit', member: 'x', circuit: { ...circuit, remainingMs: -1 } },
      { v: 1, kind: 'circuit', member: 'x', circuit: { ...circuit, state: 'half_open' } },
      { v: 1, kind: 'circuit', member: 'x', circuit: { ...circuit, service: 'files' } },
      { v: 1, kind: 'circuit', member: 'x', circuit: null },
    ]
    for (const message of bad) engine.publish(typeof message === 'string' ? message : JSON.stringify(message))
    await clock.advanceAsync(5)
    expect(one.fleet.status.counts).toMatchObject({ droppedMessages: bad.length, hints: 0 })
    expect(await one.instance()).toBe(1)
    expect(one.proxy.circuitState).toBe('closed')
  })

  test('comes by the thousands and causes no storm of loads', async () => {
    const { clock, engine, process } = setUp()
    const one = await process()
    await one.instance()
    for (let second = 0; second < 3; second++) {
      for (let count = 0; count < 10_000; count++) {
        const forged = {
          v: 1,
          kind: 'invalidated',
          member: 'x',
          epoch: 'e',
          scope: 'desk',
          token: `${second} ${count}`,
        }
        engine.publish(JSON.stringify(forged))
        if (count % 100 === 0) {
          await clock.advanceAsync(10)
          await one.instance()
        }
      }
    }
    await clock.advanceAsync(1_000)
    expect(await one.instance()).toBeLessThan(70)
    expect(one.fleet.status.counts.deferredHints).toBeGreaterThan(29_000)
  })

  test('opens no circuit for long: the store is asked', async () => {
    const { clock, engine, process } = setUp()
    const one = await process({ circuits: ['desk'] })
    await one.ask()
    engine.publish(
      JSON.stringify({
        v: 1,
        kind: 'circuit',
        member: 'x',
        circuit: { service: 'desk', state: 'open', generation: 'forged', remainingMs: 2_000_000_000 },
      }),
    )
    await clock.advanceAsync(5)
    expect(one.proxy.circuitState).toBe('open')
    await clock.advanceAsync(5_000)
    expect(await one.ask()).toBe('answer')
  })
})

test('says what is wrong', async () => {
  const manager = new ServiceProxyManager({ breaker: plainBreaker }).add('desk', {
    provider: factoryProvider('desk', { create: () => ({}) }),
    circuit: false,
  })
  const store = new MemoryFleet().store()
  const wrong: readonly (readonly [object, string])[] = [
    [{ store, namespace: '' }, 'namespace must be of 1 … 64 letters, digits, or . : _ -; received ""'],
    [{ store }, 'namespace must be'],
    [{ namespace: 'x' }, 'store must be a FleetStore'],
    [{ store, namespace: 'x', circuit: [] }, 'options must be an object with only store, namespace, circuits'],
    [{ store, namespace: 'x', circuits: ['nobody'] }, 'circuits must be names of services: desk; received "nobody"'],
    [{ store, namespace: 'x', circuits: ['desk'] }, 'circuits must be names of services that have a circuit'],
    [{ store, namespace: 'x', whileDisconnected: 'drop' }, "whileDisconnected must be 'keep', 'shorten' or 'bypass'"],
    [{ store, namespace: 'x', joinTimeoutMs: -1 }, 'joinTimeoutMs must be a number in 0 … 60000'],
  ]
  for (const [options, message] of wrong) {
    await expect(joinFleet(manager, options as FleetOptions<{ desk: object }>)).rejects.toThrow(message)
  }
  await manager.stop()
})

test('an option that is undefined is the default', async () => {
  const { process } = setUp()
  const given = { circuits: undefined, whileDisconnected: undefined, joinTimeoutMs: undefined, label: undefined }
  const one = await process({ ...(given as object), random: () => 0.5 })
  expect(one.fleet.status).toMatchObject({ state: 'connected', circuits: [] })
})

test('is left when the manager stops, before its services have ended', async () => {
  const { clock, process } = setUp()
  const one = await process()
  const two = await process()
  await one.instance()
  const stopped = one.manager.stop()
  expect(one.fleet.status.state).toBe('left')
  await clock.advanceAsync(1_000)
  await stopped
  const refreshed = two.fleet.refresh()
  await clock.advanceAsync(1_000)
  await refreshed
  expect(two.fleet.status.members.map(({ id }) => id)).toEqual([two.fleet.status.member.id])
})

test('is not joined by a manager that was stopped: nobody would leave it again', async () => {
  const manager = new ServiceProxyManager()
  await manager.stop()
  const store = new MemoryFleet().store()
  const joining = joinFleet(manager, { store, namespace: 'test' })
  await expect(joining).rejects.toThrow(
    new InvalidOptionError('manager', 'a manager that was not stopped', 'a stopped manager'),
  )
  expect(manager.fleet).toBeUndefined()
})

test('a store that cannot be closed rejects the stop of the manager, after its services have ended', async () => {
  const closing = new Error('the store cannot be closed')
  const store = Object.assign(new MemoryFleet().store(), { close: () => Promise.reject(closing) })
  const manager = new ServiceProxyManager().add('desk', { provider: factoryProvider('desk', { create: () => ({}) }) })
  await joinFleet(manager, { store, namespace: 'test' })
  const events: string[] = []
  manager.onAny(({ type }) => events.push(type))
  await expect(manager.stop()).rejects.toBe(closing)
  expect(events).toEqual(['stop'])
})

test('leaves nothing behind', async () => {
  const { clock, process } = setUp()
  const one = await process({ circuits: ['desk'] })
  await one.ask()
  await one.stop()
  expect(one.fleet.status.state).toBe('left')
  await clock.advanceAsync(1_000)
  expect(clock.pendingTimers).toBe(0)
})
