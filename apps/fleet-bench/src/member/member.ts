import { setTimeout as wait } from 'node:timers/promises'
import { nativeBreaker } from '@svcproxy/breaker-native'
import { factoryProvider, ServiceProxyManager } from '@svcproxy/core'
import type { ServiceEvent } from '@svcproxy/core'
import { type Fleet, joinFleet } from '@svcproxy/fleet'
import { redisStore } from '@svcproxy/redis'
import { now } from '../clock.ts'
import { timeCalls } from './cost.ts'
import type { Behaviour, CallCounts, Cost, CostOrder, Entry, Invalidation, MemberSettings } from './orders.ts'
import type { MemberStatus, Orders, Pace } from './orders.ts'
import { PacedCalls } from './paced-calls.ts'
import { warmUp } from './warm-up.ts'

/** A service that is not well fails after so long, in milliseconds. */
const FAILS_AFTER_MS = 5
/** How long a load takes, in milliseconds: an invalidation may come in between. */
const LOAD_MS = 2

type Service = { ask(): Promise<string>; readonly madeAt: number }
type Services = Record<string, Service>

/** What {@link Member.join} has made. */
interface Joined {
  readonly manager: ServiceProxyManager<Services>
  readonly fleet: Fleet<Services> | undefined
  readonly settings: MemberSettings
}

/** A process of an application: its services, and its part in a fleet. */
export class Member implements Orders {
  readonly #hangs: (since: number) => void
  #joined: Joined | undefined
  #calls: PacedCalls | undefined
  #behaviour: Behaviour = { manner: 'answer', from: 0 }
  #log: Entry[] = []

  /** @param hangs a call has reached a service that hangs */
  constructor(hangs: (since: number) => void) {
    this.#hangs = hangs
  }

  warmUp(url: string): Promise<void> {
    return warmUp(url)
  }

  async join(settings: MemberSettings): Promise<void> {
    this.#behaviour = { manner: 'answer', from: 0 }
    this.#log = []
    const { recoveryTimeoutMs, timeoutMs, services, hasCircuits } = settings
    const manager = new ServiceProxyManager<Services>({
      breaker: nativeBreaker(),
      circuit: hasCircuits && { failureThreshold: 5, successThreshold: 1, recoveryTimeoutMs },
      timeoutMs,
      cacheTtlMs: Infinity,
      disposeGraceMs: 0,
    })
    for (const name of services) {
      const create = (): Promise<Service> => this.#load(name, settings)
      manager.createProxy(name, { provider: factoryProvider(name, { create }) })
    }
    manager.onAny((event) => this.#heard(event))
    const fleet = settings.fleet && (await this.#joinFleet(manager, settings, settings.fleet))
    this.#joined = { manager, fleet, settings }
    await this.serve()
  }

  #joinFleet(
    manager: ServiceProxyManager<Services>,
    { services, hasCircuits }: MemberSettings,
    { url, namespace }: NonNullable<MemberSettings['fleet']>,
  ): Promise<Fleet<Services>> {
    const circuits = hasCircuits ? services : []
    // Nothing is loaded anew because of its age, which would hide what was not heard.
    return joinFleet(manager, { store: redisStore({ url }), namespace, circuits, whileDisconnected: 'keep' })
  }

  async leave(): Promise<void> {
    await this.rest()
    await this.#joined?.fleet?.leave()
    await this.#joined?.manager.stop({ timeoutMs: 0 })
    this.#joined = undefined
  }

  load(pace: Pace): void {
    const { manager, settings } = this.#there
    const { service } = manager.getProxy(settings.services[0] ?? '')
    this.#calls = new PacedCalls(() => service.ask(), pace)
  }

  async rest(): Promise<CallCounts> {
    const calls = this.#calls
    this.#calls = undefined
    return (await calls?.end()) ?? { calls: 0, failed: 0, refused: 0, latencies: new Float64Array() }
  }

  behave(behaviour: Behaviour): void {
    this.#behaviour = behaviour
  }

  async invalidate(service?: string): Promise<Invalidation> {
    const { fleet } = this.#there
    if (fleet === undefined) throw new Error('It is in no fleet')
    const at = now()
    return { at, fleet: (await fleet.invalidate(service)).fleet }
  }

  async serve(): Promise<Readonly<Record<string, number>>> {
    const { manager, settings } = this.#there
    const served = settings.services.map(async (name) => [name, (await manager.getProxy(name).get()).madeAt] as const)
    return Object.fromEntries(await Promise.all(served))
  }

  status(): MemberStatus {
    const { state = 'left', queuedInvalidations = 0 } = this.#joined?.fleet?.status ?? {}
    return { state, queued: queuedInvalidations }
  }

  takeLog(): readonly Entry[] {
    return this.#log.splice(0)
  }

  heap(): number {
    // What was waiting for finalization goes with the second.
    for (let time = 0; time < 2; time++) globalThis.gc?.()
    return process.memoryUsage().heapUsed
  }

  cost(order: CostOrder): Promise<Cost> {
    return timeCalls(order)
  }

  get #there(): Joined {
    if (this.#joined === undefined) throw new Error('It has not joined')
    return this.#joined
  }

  async #load(name: string, { answersAfterMs }: MemberSettings): Promise<Service> {
    const madeAt = now()
    await wait(LOAD_MS)
    return { madeAt, ask: () => this.#answer(name, answersAfterMs) }
  }

  async #answer(service: string, answersAfterMs: number): Promise<string> {
    const askedAt = now()
    if (this.#isUnwell(askedAt)) this.#note('asked', service, askedAt)
    if (this.#isUnwell(askedAt) && this.#behaviour.manner === 'hang') {
      this.#hangs(askedAt)
      await new Promise(() => {})
    }
    if (answersAfterMs > 0) await wait(answersAfterMs)
    if (!this.#isUnwell(now())) return 'answer'
    if (answersAfterMs < FAILS_AFTER_MS) await wait(FAILS_AFTER_MS - answersAfterMs)
    this.#note('failed', service, now())
    throw new Error('The service is down')
  }

  #isUnwell(at: number): boolean {
    return this.#behaviour.manner !== 'answer' && at >= this.#behaviour.from
  }

  #heard(event: ServiceEvent): void {
    const at = now()
    if (event.type === 'failures' && event.consecutive > 0) this.#note('counted', event.service, at)
    if (event.type === 'invalidate' && event.cause === 'fleet') this.#note('invalidated', event.service, at)
    if (event.type === 'circuit' && (event.to === 'open' || event.to === 'closed')) {
      this.#note(event.to, event.service, at)
    }
  }

  #note(what: Entry['what'], service: string, at: number): void {
    this.#log.push({ what, service, at })
  }
}
