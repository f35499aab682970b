import { setTimeout as wait } from 'node:timers/promises'
import { now } from '../clock.ts'
import { Crew, type Hand } from '../crew.ts'
import type { MemberSettings } from '../member/orders.ts'
import { oneOf, type Random, weighted } from '../random.ts'
import { type Data, RedisServer } from '../redis-server.ts'
import { TcpProxy } from '../tcp-proxy.ts'
import { History } from './history.ts'
import { EVERYTHING, rightAfter } from './instances.ts'
import { settingsOf } from './stage.ts'

const SERVICES = ['desk', 'files', 'rates']
const SCOPES = [...SERVICES, EVERYTHING]
const LONGEST_PAUSE_MS = 60
const RIGHT_WITHIN_MS = 2_000
/** It is waited for longer, to see whether it heals at all. */
const GIVE_UP_MS = 30_000

/** How often each operation comes, compared with the others. */
const OPERATIONS = {
  invalidate: 40,
  load: 30,
  pause: 12,
  partition: 8,
  heal: 5,
  replaceProcess: 1.5,
  stopRedis: 2,
  startRedis: 4,
  remember: 1.5,
}
const PARTITIONS: readonly ((proxy: TcpProxy) => void)[] = [
  (proxy) => proxy.cut(),
  (proxy) => proxy.hold(),
  (proxy) => proxy.blackHole(),
  (proxy) => proxy.dropReplies(),
  (proxy) => proxy.delay(40),
  (proxy) => proxy.halfOpen('all'),
  (proxy) => proxy.halfOpen('subscribers'),
  (proxy) => proxy.halfOpen('commands'),
]

/** What was found when all was well again. */
export interface Check {
  /** Until no process served what it should not; undefined: never. */
  readonly rightMs: number | undefined
  readonly isRight: boolean
  readonly forgiven: number
}

/** Processes, each with a proxy of its own before a common Redis, to which anything may happen. */
export class RandomWorld implements AsyncDisposable {
  readonly done: Record<keyof typeof OPERATIONS, number> = {
    invalidate: 0,
    load: 0,
    pause: 0,
    partition: 0,
    heal: 0,
    replaceProcess: 0,
    stopRedis: 0,
    startRedis: 0,
    remember: 0,
  }
  readonly #random: Random
  readonly #server: RedisServer
  readonly #crew: Crew
  readonly #proxies: readonly TcpProxy[]
  readonly #settings: MemberSettings
  /** What was begun, and may end when all is well again. */
  #begun: Promise<void>[] = []
  readonly #joining = new Set<Hand>()
  /** How many invalidations of a process have no result yet. */
  readonly #open = new Map<Hand, number>()
  #history = new History()
  #hasOlder = false
  #stoppedAt = 0

  private constructor(random: Random, server: RedisServer, crew: Crew, proxies: readonly TcpProxy[]) {
    this.#random = random
    this.#server = server
    this.#crew = crew
    this.#proxies = proxies
    this.#settings = settingsOf(server.url, { services: SERVICES, hasCircuits: false })
  }

  static async begin(size: number, random: Random): Promise<RandomWorld> {
    const server = await RedisServer.start()
    const proxies = await Promise.all(Array.from({ length: size }, () => TcpProxy.start(server.port)))
    const world = new RandomWorld(random, server, new Crew(size), proxies)
    await Promise.all(world.#crew.hands.map((_, index) => world.#join(index)))
    return world
  }

  /** Does one of the operations. */
  async step(): Promise<void> {
    const operation = weighted(OPERATIONS, this.#random)
    this.done[operation]++
    const index = Math.floor(this.#random() * this.#proxies.length)
    await this.#act(operation, index)
  }

  /** All is well again: everybody is to be right soon. */
  async heal(): Promise<Check> {
    await this.#startRedis()
    for (const proxy of this.#proxies) proxy.mend()
    const since = now()
    await Promise.all(this.#begun)
    this.#begun = []
    const required = this.#history.required(SERVICES)
    const rightMs = await rightAfter(this.#crew, required, { since, limitMs: GIVE_UP_MS })
    const { forgiven } = this.#history
    this.#history = new History()
    return { rightMs, isRight: rightMs !== undefined && rightMs <= RIGHT_WITHIN_MS, forgiven }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#crew[Symbol.asyncDispose]()
    for (const proxy of this.#proxies) await proxy[Symbol.asyncDispose]()
    await this.#server[Symbol.asyncDispose]()
  }

  async #act(operation: keyof typeof OPERATIONS, index: number): Promise<void> {
    const hand = this.#crew.hands[index]
    const proxy = this.#proxies[index]
    if (hand === undefined || proxy === undefined) return
    const acts: { readonly [K in keyof typeof OPERATIONS]: () => Promise<unknown> | void } = {
      invalidate: () => this.#invalidate(hand),
      load: () => this.#load(hand),
      pause: () => wait(this.#random() * LONGEST_PAUSE_MS),
      partition: () => oneOf(PARTITIONS, this.#random)(proxy),
      heal: () => proxy.mend(),
      replaceProcess: () => this.#replaceProcess(hand, index),
      stopRedis: () => this.#stopRedis(),
      startRedis: () => this.#startRedis(),
      remember: () => this.#remember(),
    }
    await acts[operation]()
  }

  #invalidate(hand: Hand): void {
    if (this.#joining.has(hand)) return
    const history = this.#history
    const scope = oneOf(SCOPES, this.#random)
    this.#open.set(hand, (this.#open.get(hand) ?? 0) + 1)
    this.#begin(async () => {
      const { at } = await hand.ask('invalidate', scope === EVERYTHING ? undefined : scope)
      this.#open.set(hand, (this.#open.get(hand) ?? 1) - 1)
      history.invalidated(hand, scope, at)
    })
  }

  #load(hand: Hand): void {
    if (!this.#joining.has(hand)) this.#begin(async () => void (await hand.ask('serve')))
  }

  async #replaceProcess(hand: Hand, index: number): Promise<void> {
    if (this.#joining.has(hand)) return
    const { queued } = await hand.ask('status')
    const hadUntold = queued > 0 || (this.#open.get(hand) ?? 0) > 0
    await this.#crew.replace(hand)
    this.#open.delete(hand)
    this.#history.died(hand, hadUntold)
    this.#begin(() => this.#join(index))
  }

  async #join(index: number): Promise<void> {
    const hand = this.#crew.hands[index]
    const { fleet } = this.#settings
    if (hand === undefined || fleet === undefined) return
    this.#joining.add(hand)
    const url = `redis://127.0.0.1:${this.#proxies[index]?.port}`
    await hand.ask('join', { ...this.#settings, fleet: { ...fleet, url } })
    this.#joining.delete(hand)
  }

  async #stopRedis(): Promise<void> {
    if (!this.#server.isRunning) return
    await this.#server.kill()
    this.#stoppedAt = now()
  }

  async #startRedis(): Promise<void> {
    if (this.#server.isRunning) return
    const data = oneOf<Data>(this.#hasOlder ? ['intact', 'empty', 'older'] : ['intact', 'empty'], this.#random)
    await this.#server.start(data)
    if (data !== 'intact') this.#history.lost(this.#stoppedAt)
  }

  async #remember(): Promise<void> {
    if (!this.#server.isRunning) return
    await this.#server.remember()
    this.#hasOlder = true
  }

  /** What fails because its process was killed is no failure. */
  #begin(work: () => Promise<void>): void {
    this.#begun.push(work().catch((error: unknown) => this.#heed(error)))
  }

  #heed(error: unknown): void {
    if (!(error instanceof Error && error.message.includes('ended before it answered'))) throw error
  }
}
