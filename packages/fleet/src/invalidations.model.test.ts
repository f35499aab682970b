import { factoryProvider, ServiceProxyManager } from '@svcproxy/core'
import { ManualClock } from '@svcproxy/testing'
import { MemoryFleet } from '@svcproxy/testing/fleet'
import type { SavedFleet } from '@svcproxy/testing/fleet'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { joinFleet } from './index.ts'

const PROCESSES = 4
const SERVICES = ['desk', 'files'] as const

const process = fc.integer({ min: 0, max: PROCESSES - 1 })
const service = fc.constantFrom(...SERVICES, undefined)
const always = {
  invalidate: fc.record({ do: fc.constant('invalidate' as const), process, service }),
  load: fc.record({ do: fc.constant('load' as const), process, service }),
  time: fc.record({ do: fc.constant('time' as const), ms: fc.constantFrom(0.3, 1, 7, 90, 450, 2_500) }),
  cut: fc.record({ do: fc.constant('cut' as const), process }),
  freeze: fc.record({ do: fc.constant('freeze' as const), process }),
  heal: fc.record({ do: fc.constant('heal' as const), process }),
  stop: fc.record({ do: fc.constant('stop' as const) }),
  restart: fc.record({
    do: fc.constant('restart' as const),
    data: fc.constantFrom('intact' as const, 'empty' as const, 'older' as const),
  }),
  save: fc.record({ do: fc.constant('save' as const) }),
}
const lose = fc.record({ do: fc.constant('lose' as const), process })
type AnyStep = Step | { readonly do: 'lose'; readonly process: number }
type Step = {
  [K in keyof typeof always]: (typeof always)[K] extends fc.Arbitrary<infer S> ? S : never
}[keyof typeof always]

/** Some processes whose instances know when they were made, in an order that counts each event. */
async function world() {
  const clock = new ManualClock()
  const engine = new MemoryFleet({ clock, latencyMs: () => 0.5 })
  let order = 0
  const joined = Array.from({ length: PROCESSES }, async () => {
    const manager = new ServiceProxyManager({ clock, cacheTtlMs: Infinity, disposeGraceMs: 0 })
    for (const name of SERVICES) {
      manager.createProxy(name, { provider: factoryProvider(name, { create: () => ({ made: ++order }) }) })
    }
    const store = engine.store()
    const fleet = await joinFleet(manager, { store, namespace: 'model', whileDisconnected: 'keep', random: () => 0.5 })
    const madeAt = async (name: string): Promise<number> =>
      ((await manager.getProxy(name as never).get()) as { made: number }).made
    return { manager, store, fleet, madeAt }
  })
  await clock.advanceAsync(10)
  const invalidatedAt: Record<string, number> = { desk: 0, files: 0 }
  return {
    clock,
    engine,
    processes: await Promise.all(joined),
    invalidated: (name: string | undefined) => {
      const at = ++order
      for (const each of SERVICES) if (name === undefined || name === each) invalidatedAt[each] = at
    },
    invalidatedAt,
  }
}

async function run(steps: readonly AnyStep[], settleMs: number): Promise<void> {
  const { clock, engine, processes, invalidated, invalidatedAt } = await world()
  let older: SavedFleet | 'empty' = 'empty'
  const act: { readonly [K in AnyStep['do']]: (step: Extract<AnyStep, { do: K }>) => unknown } = {
    time: ({ ms }) => clock.advanceAsync(ms),
    stop: () => engine.stop(),
    save: () => (older = engine.save()),
    restart: ({ data }) => engine.restart(data === 'older' ? older : data),
    load: ({ process: index, service: name = 'desk' }) => processes[index]?.madeAt(name),
    invalidate: ({ process: index, service: name }) => {
      invalidated(name)
      void processes[index]?.fleet.invalidate(name as never)
    },
    cut: ({ process: index }) => processes[index]?.store.cut(),
    freeze: ({ process: index }) => processes[index]?.store.freeze(),
    heal: ({ process: index }) => processes[index]?.store.heal(),
    lose: ({ process: index }) => processes[index]?.store.loseHints(),
  }
  for (const step of steps) await act[step.do](step as never)
  for (const { store } of processes) store.heal()
  engine.restart()
  await clock.advanceAsync(settleMs)
  for (const { fleet, madeAt } of processes) {
    expect(fleet.status).toMatchObject({ state: 'connected', queuedInvalidations: 0 })
    for (const name of SERVICES) expect(await madeAt(name)).toBeGreaterThan(invalidatedAt[name] ?? 0)
  }
  for (const { fleet, manager } of processes) {
    const left = fleet.leave()
    await clock.advanceAsync(1_000)
    await left
    await manager.stop()
  }
}

test(
  'whatever happens to the store and the links: two seconds after all is well nobody serves what was invalidated',
  { timeout: 120_000 },
  async () => {
    const steps = fc.array(fc.oneof(...Object.values(always)), { maxLength: 40 })
    await fc.assert(
      fc.asyncProperty(steps, (all) => run(all, 2_000)),
      { numRuns: 400 },
    )
  },
)

test('also where hints are lost and nobody notices: when the store was read again', { timeout: 120_000 }, async () => {
  const steps = fc.array(fc.oneof(...Object.values(always), lose), { maxLength: 40 })
  await fc.assert(
    fc.asyncProperty(steps, (all) => run(all, 20_000)),
    { numRuns: 200 },
  )
})
