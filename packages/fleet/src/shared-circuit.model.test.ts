import { factoryProvider, ServiceProxyManager } from '@svcproxy/core'
import { ManualClock, plainBreaker } from '@svcproxy/testing'
import { MemoryFleet } from '@svcproxy/testing/fleet'
import type { MemoryFleetStore, SavedFleet } from '@svcproxy/testing/fleet'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { joinFleet } from './index.ts'
import type { FleetStoreListener } from './index.ts'

/** Steps of random histories, of all four tests. A long run: `SVCPROXY_MODEL_STEPS=100000 npx vitest run src/shared-circuit.model.test.ts` */
const STEPS = Number(process.env['SVCPROXY_MODEL_STEPS'] ?? 1_200)
const SEED = Number(process.env['SVCPROXY_MODEL_SEED'] ?? 1)
const LONGEST = 40
/** A history has half as many steps as the longest, on the average. */
const HISTORIES = Math.ceil(STEPS / 4 / (LONGEST / 2))

const FAILURES = 3
const RECOVERY_MS = 1_000
const TIMEOUT_MS = 300
/** How long a member may take over a trial: as sharedCircuitsOf() has it. */
const LEASE_MS = TIMEOUT_MS + 1_000
/** By how much chance may lengthen a hold: as SharedCircuit has it. */
const SPREAD_MS = 0.2 * RECOVERY_MS
/** The lease of another one, a lease more and some chance; and what was asked of the store just before. */
const LONGEST_HOLD_MS = 2 * LEASE_MS + SPREAD_MS + 500
/** Each member calls so often while there is load, in milliseconds. */
const EVERY_MS = 20
/** How often the invariants are looked at. */
const SLICE_MS = 10
/** What faults have left behind is over by then: whatever was on its way, the time of a circuit, a hold and a lease. */
const CALM_MS = 5_000

const index = fc.nat({ max: 2 })
const load = fc.record({ do: fc.constant('load'), ms: fc.constantFrom(20, 100, 600, 1_500) })
const service = fc.record({ do: fc.constantFrom('down', 'up', 'slow') })
const time = fc.record({ do: fc.constant('time'), ms: fc.constantFrom(0.3, 1, 7, 90, 450, 1_100, 2_500) })
const call = fc.record({ do: fc.constant('call'), index })
const cable = fc.record({ do: fc.constantFrom('unplug', 'plug'), index })
const link = fc.record({ do: fc.constantFrom('cut', 'freeze', 'heal', 'heal', 'lose'), index })
const engine = fc.record({
  do: fc.constantFrom('noise', 'silence', 'stop', 'save', 'intact', 'empty', 'older', 'calm'),
})

const historyOf = <S>(...each: fc.Arbitrary<S>[]) =>
  fc.record({
    members: fc.constantFrom(2, 3),
    successes: fc.constantFrom(1, 2, 8),
    chance: fc.nat(),
    steps: fc.array(fc.oneof(...each), { maxLength: LONGEST, size: 'max' }),
  })
const histories = historyOf<Step>(load, load, service, time, call, cable, link, engine)
/** Nothing but the service fails, and all are called. */
const quietHistories = historyOf<Step>(load, load, service)
type StepOf<A> = A extends fc.Arbitrary<infer S> ? S : never
type Step = StepOf<
  typeof load | typeof service | typeof time | typeof call | typeof cable | typeof link | typeof engine
>
type History = typeof histories extends fc.Arbitrary<infer H> ? H : never

type Member = Awaited<ReturnType<typeof memberOf>>

/** Hints come twice, late, or not at all. */
class Noise {
  isOn = false
  readonly #clock: ManualClock
  readonly #random: () => number

  constructor(clock: ManualClock, random: () => number) {
    this.#clock = clock
    this.#random = random
  }

  between(store: MemoryFleetStore): MemoryFleetStore {
    const open = store.open.bind(store)
    return Object.assign(store, {
      open: (namespace: string, listener: FleetStoreListener) =>
        open(namespace, {
          connected: () => listener.connected(),
          disconnected: (error) => listener.disconnected(error),
          hinted: (message) => this.#pass(() => listener.hinted(message)),
        }),
    })
  }

  #pass(hint: () => void): void {
    const chance = this.isOn ? this.#random() : 1
    if (chance >= 0.3) hint()
    if (chance < 0.7) this.#clock.setTimer(() => this.isOn && hint(), 400 * this.#random())
  }
}

/** What all members see, and what they do to it. */
function worldOf({ chance, successes }: History) {
  const clock = new ManualClock()
  const random = randomOf(chance)
  return {
    clock,
    random,
    successes,
    engine: new MemoryFleet({ clock, latencyMs: () => 0.2 + 3 * random() }),
    noise: new Noise(clock, random),
    service: { isDown: false, isSlow: false },
    /** When the last fault of the store, of a link or of a cable ended. */
    wellSince: -Infinity,
    /** Since when all have been called. */
    calledSince: -Infinity,
  }
}
type World = ReturnType<typeof worldOf>

async function memberOf({ clock, random, engine, noise, service, successes }: World) {
  const own = { isUnplugged: false }
  const ask = async (): Promise<string> => {
    await new Promise<void>((resolve) => void clock.setTimer(resolve, service.isSlow ? 200 + 110 * random() : 5))
    if (service.isDown || own.isUnplugged) throw new Error('down')
    return 'answer'
  }
  const manager = new ServiceProxyManager({
    breaker: plainBreaker,
    circuit: { failureThreshold: FAILURES, successThreshold: successes, recoveryTimeoutMs: RECOVERY_MS },
    timeoutMs: TIMEOUT_MS,
    cacheTtlMs: Infinity,
    disposeGraceMs: 0,
    clock,
    random,
  }).add('desk', { provider: factoryProvider('desk', { create: () => ({ ask }) }) })
  const store = noise.between(engine.store())
  const fleet = await joinFleet(manager, { store, namespace: 'model', circuits: ['desk'], random })
  const proxy = manager.getProxy('desk')
  // A circuit that opened by its own failures is closed by nobody else.
  const seen = { openedByItself: false, faults: [] as string[] }
  manager.on('circuit', ({ from, to, cause }) => {
    if (to === 'open' && cause === 'process') seen.openedByItself = true
    if (to === 'closed' && cause === 'fleet' && seen.openedByItself) seen.faults.push(`${from} → ${to} by the fleet`)
    if (to === 'closed') seen.openedByItself = false
  })
  return { manager, fleet, store, proxy, own, seen, call: () => void proxy.service.ask().catch(() => undefined) }
}

/** The members, while time passes and they are called or not. */
class Model {
  readonly world: World
  readonly members: readonly Member[]

  constructor(world: World, members: readonly Member[]) {
    this.world = world
    this.members = members
  }

  static async of(history: History): Promise<Model> {
    const world = worldOf(history)
    const joining = Array.from({ length: history.members }, () => memberOf(world))
    await world.clock.advanceAsync(50)
    return new Model(world, await Promise.all(joining))
  }

  async pass(ms: number, { isLoaded = false } = {}): Promise<void> {
    const { world } = this
    const { clock } = world
    const endsAt = clock.now() + ms
    if (!isLoaded) world.calledSince = Infinity
    else if (world.calledSince === Infinity) world.calledSince = clock.now()
    for (let count = 0; clock.now() < endsAt; count++) {
      if (isLoaded && count % (EVERY_MS / SLICE_MS) === 0) for (const { call } of this.members) call()
      await clock.advanceAsync(Math.min(SLICE_MS, endsAt - clock.now()))
      this.check()
    }
  }

  /** Nothing is wrong with the store, the links and the cables any more; of the service it says nothing. */
  heal(): void {
    const { world, members } = this
    world.noise.isOn = false
    for (const { store, own } of members) {
      own.isUnplugged = false
      store.loseHints(false)
      store.heal()
    }
    world.engine.restart()
    world.wellSince = world.clock.now()
  }

  /** What is so at every moment. */
  check(): void {
    const { world, members } = this
    for (const { seen } of members) expect(seen.faults).toEqual([])
    if (world.clock.now() - Math.max(world.wellSince, world.calledSince) < CALM_MS) return
    const trying = members.flatMap(({ fleet, proxy }) => {
      const [view] = fleet.status.circuits
      return proxy.circuitState === 'half_open' && view?.state === 'open' ? [view.generation] : []
    })
    expect(new Set(trying).size, 'one member tries in each generation').toBe(trying.length)
  }

  get states(): readonly string[] {
    return this.members.map(({ proxy }) => proxy.circuitState ?? 'none')
  }

  async end(): Promise<void> {
    const { clock } = this.world
    const left = Promise.all(this.members.map(({ fleet }) => fleet.leave()))
    await clock.advanceAsync(2_000)
    await left
    const stopped = Promise.all(this.members.map(({ manager }) => manager.stop({ timeoutMs: 0 })))
    await clock.advanceAsync(1_000)
    await stopped
  }
}

/** Lives through a history; whatever is broken by then is broken for ever. */
async function after(history: History): Promise<Model> {
  const model = await Model.of(history)
  const { world, members } = model
  const { engine, noise, service } = world
  let older: SavedFleet | 'empty' = 'empty'
  const one = ({ index: which }: { readonly index: number }): Member => members[which % members.length] as Member
  const act: { readonly [D in Step['do']]: (step: Extract<Step, { do: D }>) => unknown } = {
    time: ({ ms }) => model.pass(ms),
    load: ({ ms }) => model.pass(ms, { isLoaded: true }),
    call: (step) => one(step).call(),
    down: () => (service.isDown = true),
    up: () => Object.assign(service, { isDown: false, isSlow: false }),
    slow: () => (service.isSlow = true),
    calm: () => model.heal(),
    unplug: (step) => (one(step).own.isUnplugged = true),
    plug: (step) => (one(step).own.isUnplugged = false),
    cut: (step) => one(step).store.cut(),
    freeze: (step) => one(step).store.freeze(),
    heal: (step) => one(step).store.heal(),
    lose: (step) => one(step).store.loseHints(),
    noise: () => (noise.isOn = true),
    silence: () => (noise.isOn = false),
    stop: () => engine.stop(),
    save: () => (older = engine.save()),
    intact: () => engine.restart(),
    empty: () => engine.restart('empty'),
    older: () => engine.restart(older),
  }
  const FAULTS: readonly string[] = ['unplug', 'cut', 'freeze', 'lose', 'noise', 'stop', 'empty', 'older']
  for (const step of history.steps) {
    if (FAULTS.includes(step.do)) world.wellSince = Infinity
    await act[step.do](step as never)
  }
  return model
}

/** Numbers in 0 … 1, the same for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

async function holds(expectKept: (model: Model) => Promise<void>, from = histories): Promise<void> {
  const property = fc.asyncProperty(from, async (history) => {
    const model = await after(history)
    await expectKept(model)
    await model.end()
  })
  await fc.assert(property, { numRuns: HISTORIES, seed: SEED })
}

const OPTIONS = { timeout: Math.max(60_000, 20 * STEPS) }

test('when all is well and all are called, all close', OPTIONS, () =>
  holds(async (model) => {
    model.heal()
    Object.assign(model.world.service, { isDown: false, isSlow: false })
    await model.pass(CALM_MS, { isLoaded: true })
    expect(model.states).toEqual(model.members.map(() => 'closed'))
  }),
)

test('while the service is down nobody is closed, when the evidence had its time', OPTIONS, () =>
  holds(async (model) => {
    model.heal()
    model.world.service.isDown = true
    await model.pass(1_000, { isLoaded: true })
    for (let count = 0; count < 100; count++) {
      await model.pass(100, { isLoaded: true })
      expect(model.states).not.toContain('closed')
    }
  }),
)

test('when the store is away for ever every hold ends by itself, and each makes its own trials', OPTIONS, () =>
  holds(async (model) => {
    model.heal()
    model.world.engine.stop()
    await model.pass(LONGEST_HOLD_MS)
    expect(model.states).not.toContain('open')
    Object.assign(model.world.service, { isDown: false, isSlow: false })
    await model.pass(1_000, { isLoaded: true })
    expect(model.states).toEqual(model.members.map(() => 'closed'))
  }),
)

test('while the store answers and all are called, one member tries in each generation', OPTIONS, () =>
  holds(async (model) => {
    await model.pass(3_000, { isLoaded: true })
    expect(model.world.calledSince).toBe(-Infinity)
  }, quietHistories),
)
