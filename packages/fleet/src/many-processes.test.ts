import { factoryProvider, ServiceProxyManager } from '@svcproxy/core'
import { ManualClock, plainBreaker } from '@svcproxy/testing'
import { MemoryFleet } from '@svcproxy/testing/fleet'
import { expect, test } from 'vitest'
import { joinFleet } from './index.ts'

const PROCESSES = 20
/** Each process calls so often, in milliseconds; the processes in turn. */
const EVERY_MS = 10
const FAILS_AFTER_MS = 5
const RECOVERY_MS = 400

/** Twenty processes, each with a circuit of its own or with one that the fleet shares, and a service that dies. */
async function world(isShared: boolean) {
  const clock = new ManualClock()
  const engine = new MemoryFleet({ clock, latencyMs: () => 0.5 })
  let isDown = false
  const seen = { asked: 0, failed: 0 }
  const ask = async (): Promise<string> => {
    seen.asked++
    await new Promise<void>((resolve) => void clock.setTimer(resolve, FAILS_AFTER_MS))
    if (!isDown) return 'answer'
    seen.failed++
    throw new Error('down')
  }
  let chance = 0
  const random = () => (chance = (chance + 0.618) % 1)
  const joining = Array.from({ length: PROCESSES }, async () => {
    const manager = new ServiceProxyManager({
      breaker: plainBreaker,
      circuit: { failureThreshold: 5, successThreshold: 1, recoveryTimeoutMs: RECOVERY_MS },
      timeoutMs: 300,
      clock,
      random,
    }).add('desk', { provider: factoryProvider('desk', { create: () => ({ ask }) }) })
    const circuits = isShared ? (['desk'] as const) : []
    const fleet = await joinFleet(manager, { store: engine.store(), namespace: 'many', circuits, random })
    const proxy = manager.getProxy('desk')
    await proxy.get()
    return { manager, fleet, proxy }
  })
  await clock.advanceAsync(10)
  const processes = await Promise.all(joining)
  let turn = 0
  /** The load of so many milliseconds, or until something is so. */
  const load = async (ms: number, until = () => false): Promise<number> => {
    const startedAt = clock.now()
    while (clock.now() - startedAt < ms && !until()) {
      processes[turn++ % PROCESSES]?.proxy.service.ask().catch(() => undefined)
      await clock.advanceAsync(EVERY_MS / PROCESSES)
    }
    return clock.now() - startedAt
  }
  const are = (state: string) => (): boolean => processes.every(({ proxy }) => proxy.circuitState === state)
  const stop = async (): Promise<void> => {
    const left = Promise.all(processes.map(({ fleet }) => fleet.leave()))
    await clock.advanceAsync(1_000)
    await left
    const stopped = Promise.all(processes.map(({ manager }) => manager.stop({ timeoutMs: 0 })))
    await clock.advanceAsync(1_000)
    await stopped
  }
  return { clock, seen, processes, load, are, stop, die: (dies = true) => (isDown = dies) }
}

test(
  'twenty processes open together, one of them probes in each recovery time, and all close together',
  { timeout: 60_000 },
  async () => {
    const { seen, processes, load, are, stop, die } = await world(true)
    await load(100)
    expect(seen.failed).toBe(0)
    die()
    const openedAfterMs = await load(1_000, are('open'))
    await load(FAILS_AFTER_MS)
    // With circuits of their own it is 100, as below.
    expect(seen.failed).toBeLessThanOrEqual(35)
    // The first failure comes 5 ms after the first call.
    expect(openedAfterMs - FAILS_AFTER_MS).toBeLessThanOrEqual(20)

    const asked = seen.asked
    await load(10 * (RECOVERY_MS + FAILS_AFTER_MS))
    expect(seen.asked - asked).toBeLessThanOrEqual(10)
    expect(seen.asked - asked).toBeGreaterThanOrEqual(7)

    die(false)
    const before = seen.asked
    await load(RECOVERY_MS + 200, are('closed'))
    expect(are('closed')()).toBe(true)
    expect(seen.asked - before).toBeLessThan(40)
    const probes = processes.reduce((sum, { fleet }) => sum + fleet.status.counts.probes, 0)
    expect(probes).toBeLessThanOrEqual(12)
    await stop()
  },
)

test('without a shared circuit each of them has to find out', { timeout: 60_000 }, async () => {
  const { seen, load, are, stop, die } = await world(false)
  await load(100)
  die()
  await load(1_000, are('open'))
  expect(seen.failed).toBeGreaterThanOrEqual(100)
  const asked = seen.asked
  await load(5 * (RECOVERY_MS + FAILS_AFTER_MS))
  expect(seen.asked - asked).toBeGreaterThan(60)
  await stop()
})
