// The cache, the lifetimes and the loader together, put through commands in any order and any interleaving of promise
// continuations, and held to two judges: `Rules`, what must never happen, in whichever order; and `Reference`, an
// independent account of what has to happen exactly, where everything settles between two commands.
//
// SVCPROXY_MODEL_STEPS sets how many commands each test runs (100 000 unless told), SVCPROXY_MODEL_SEED where it begins:
// a failure prints the seed it began with.
import { ManualClock } from '@svcproxy/testing'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Attempt } from '../attempts/attempt.ts'
import { DeadlineQueue } from '../attempts/deadline.ts'
import { CircuitOpenError } from '../errors.ts'
import { InstanceCache } from './instance-cache.ts'
import type { CacheContext } from './instance-cache.ts'
import type { Acquired } from './flight.ts'
import type { CacheStatus } from './cache-slot.ts'
import { InstanceLifetimes } from './instance-lifetimes.ts'
import type { Instance, LifetimeContext } from './instance-lifetimes.ts'
import { ServiceLoader } from './service-loader.ts'
import type { LoaderContext } from './service-loader.ts'

const STEPS = Number(process.env['SVCPROXY_MODEL_STEPS'] ?? 100_000)
const SEED = Number(process.env['SVCPROXY_MODEL_SEED'] ?? Math.trunc(Math.random() * 2 ** 31))
const PATIENCE_MS = Math.max(30_000, STEPS)
const TIMEOUT_MS = 50
const NAME = 'db'
const MAX_PENDING = 4
/** How long after the oldest overdue load another may begin, by how many are overdue: even steps of a logarithmic scale. */
const PAUSES_MS = [TIMEOUT_MS, 1_311, 34_342, 660_000]
/** A load pending for so long is given up for lost when another begins. */
const LOST_MS = 660_000
/** The longest that anything may hold an instance that was replaced. */
const LONGEST_HOLD_MS = 3_600_000

interface Settings {
  readonly owned: boolean
  readonly cacheTtlMs: number
  readonly cacheTtlJitterRatio: number
  readonly staleWhileRevalidateMs: number
  readonly staleIfErrorMs: number
  readonly backoffInitialMs: number
  readonly disposeGraceMs: number
  readonly security: boolean
  readonly renew: 'check' | 'replace'
  /** What chance gives, always. */
  readonly chance: number
}

const BACKOFF_MAX_MS = 100

const settingsArbitrary: fc.Arbitrary<Settings> = fc.record<Settings>({
  owned: fc.oneof({ weight: 5, arbitrary: fc.constant(true) }, fc.constant(false)),
  cacheTtlMs: fc.constantFrom(0, 60, 200, Infinity),
  cacheTtlJitterRatio: fc.constantFrom(0, 0.5),
  staleWhileRevalidateMs: fc.constantFrom(0, 0, 70),
  staleIfErrorMs: fc.constantFrom(0, 0, 90),
  backoffInitialMs: fc.constantFrom(0, 30),
  // Not in step with the other times: no two timers that concern the same instance come due at once.
  disposeGraceMs: fc.constantFrom(0, 77),
  security: fc.nat(3).map((n) => n === 0),
  renew: fc.constantFrom('check', 'replace'),
  chance: fc.constantFrom(0, 0.5, 1),
})

/** What becomes of a healthy one at its end: for security, or borrowed, it is what the provider says next. */
function isRenewedByCheck({ renew, security, owned }: Settings): boolean {
  return renew === 'check' && !security && owned
}

/** `get()` hands out, a call uses, and a check of its health does neither. */
type Style = 'get' | 'call' | 'check'

/** What a command is given, by its name. */
interface Commands {
  acquire: { readonly trial: boolean; readonly style: Style; readonly abortable: boolean }
  abort: { readonly which: number }
  release: { readonly which: number }
  /** A call ends, and what it returned is read from then on. */
  read: { readonly which: number }
  readOn: { readonly which: number; readonly toTheEnd: boolean }
  /** What the provider brings to one of those who wait for it. */
  get: { readonly which: number; readonly bring: 'new' | 'same' | 'null' | 'error' }
  /** What a health check finds. */
  check: { readonly which: number; readonly healthy: boolean }
  invalidate: object
  expire: object
  suspect: object
  distrust: object
  /** A check beside the loads found an instance well: the cached one, or one that was handed out before. */
  clear: { readonly which: number; readonly former: boolean }
  pin: { readonly what: 'new' | 'current' }
  unpin: { readonly which: number }
  advance: { readonly ms: number }
  starve: { readonly ms: number }
  stepWall: { readonly ms: number }
  refuse: { readonly refusing: boolean }
  stop: object
}

type Step = { [Name in keyof Commands]: { readonly do: Name } & Commands[Name] }[keyof Commands]

/** What each command does; what it returns is what it applied to, undefined when there was nothing. */
type Performers<Rest extends unknown[] = []> = {
  readonly [Name in keyof Commands]: (given: Commands[Name], ...rest: Rest) => unknown
}

const which: fc.Arbitrary<number> = fc.nat(5)
const msArbitrary = fc.oneof(
  { weight: 7, arbitrary: fc.constantFrom(0, 5, 20, 30, 50, 60, 80, 200) },
  { weight: 1, arbitrary: fc.constantFrom(1_315, 34_345, LOST_MS, LONGEST_HOLD_MS) },
)

const stepArbitrary: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('acquire' as const),
      trial: fc.nat(4).map((n) => n === 0),
      style: fc.constantFrom('get' as const, 'call' as const, 'call' as const, 'check' as const),
      abortable: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('abort' as const), which }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('release' as const), which }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('read' as const), which }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('readOn' as const), which, toTheEnd: fc.boolean() }) },
  {
    weight: 9,
    arbitrary: fc.record({
      do: fc.constant('get' as const),
      which,
      bring: fc.constantFrom(
        'new' as const,
        'new' as const,
        'new' as const,
        'same' as const,
        'error' as const,
        'null' as const,
      ),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({ do: fc.constant('check' as const), which, healthy: fc.nat(3).map((n) => n > 0) }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: msArbitrary }) },
  {
    weight: 7,
    arbitrary: fc.constantFrom<Step>(
      { do: 'invalidate' },
      { do: 'invalidate' },
      { do: 'expire' },
      { do: 'suspect' },
      { do: 'distrust' },
    ),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('clear' as const), which, former: fc.nat(3).map((n) => n === 0) }),
  },
  {
    weight: 2,
    arbitrary: fc.oneof(
      fc.record({ do: fc.constant('pin' as const), what: fc.constantFrom('new' as const, 'current' as const) }),
      fc.record({ do: fc.constant('unpin' as const), which }),
      fc.record({ do: fc.constant('refuse' as const), refusing: fc.boolean() }),
      fc.record({ do: fc.constant('stepWall' as const), ms: fc.constantFrom(-1_000, 40, 70, 1_000) }),
      fc.record({ do: fc.constant('starve' as const), ms: msArbitrary }),
    ),
  },
)

/** What a provider returns. */
class Service {
  readonly id: number

  constructor(id: number) {
    this.id = id
  }

  toString(): string {
    return `#${this.id}`
  }
}

/** Somebody who asked for an instance. */
interface Caller {
  readonly trial: boolean
  readonly style: Style
  readonly controller: AbortController | undefined
  readonly since: number
  /** What came of it: `hit #3`, or the error. */
  outcome: string | undefined
  holds: Instance<Service> | undefined
}

/** What a call returned, which is read after the call. */
interface Reading {
  readonly service: Service
  /** Whose call it was. */
  readonly caller: Caller
  readonly iterator: AsyncIterableIterator<number>
  begun: boolean
  ended: boolean
}

/** An attempt to load, as the deadline queue sees it. */
interface Load {
  readonly since: number
  readonly trial: boolean
  readonly candidate: Service | undefined
  /** By the clock. */
  readonly startedAt: number
  timedOut: boolean
  answered: boolean
  ended: boolean
  hasAsked: boolean
}

interface Question<R> {
  readonly load: Load
  readonly service: Service | undefined
  /** It is about the cached instance, which a load checks first. */
  readonly again: boolean
  readonly answer: (value: R) => void
  readonly fail: (error: unknown) => void
}

/** What the rules are told, and may object to. */
interface Observer {
  loadBegins(load: Load): void
  providerAsked(load: Load): void
  handedOut(caller: Caller, instance: Instance<Service>, result: string): void
  letGo(caller: Caller, instance: Instance<Service>): void
  disposing(service: Service): void
}

/** The real thing, and all it is asked and answered. `at` counts the commands. */
class Rig {
  readonly clock = new ManualClock()
  readonly deadlines = DeadlineQueue.join(this.clock, TIMEOUT_MS)
  readonly lifetimes: InstanceLifetimes<Service>
  readonly loader: ServiceLoader<Service>
  readonly cache: InstanceCache<Service>
  readonly services: Service[] = []
  readonly brought = new Set<Service>()
  readonly callers: Caller[] = []
  readonly loads: Load[] = []
  readonly gets: Question<Service | null>[] = []
  readonly checks: Question<boolean>[] = []
  readonly pins: (() => void)[] = []
  readonly disposed: Service[] = []
  readonly readings: Reading[] = []
  readonly handedOut: Instance<Service>[] = []
  readonly #settings: Settings
  readonly #observer: Observer
  at = 0
  refusing = false
  stopped = false
  ended = false
  answers = 0
  /** Loads that overran their deadlines and have not ended, as the loader tells. */
  abandoned = 0

  constructor(settings: Settings, observer: (rig: Rig) => Observer) {
    const { clock } = this
    this.#settings = settings
    const told = observer(this)
    this.#observer = told
    const loadOf = new WeakMap<object, Load>()
    let candidate: Service | undefined
    const run = <R>(attempt: Attempt<R>, trial: boolean): Promise<R> => {
      const load: Load = {
        since: this.at,
        trial,
        candidate,
        startedAt: clock.now(),
        timedOut: false,
        answered: false,
        ended: false,
        hasAsked: false,
      }
      if (this.refusing && !trial) {
        const refusal = new CircuitOpenError(NAME)
        attempt.settled?.('refused', refusal, clock.now(), 'ignored')
        return Promise.reject(refusal)
      }
      this.loads.push(load)
      return this.deadlines.run(
        NAME,
        watched(attempt, load, loadOf, () => told.loadBegins(load)),
      )
    }
    const context: CacheContext<Service> & LifetimeContext<Service> & LoaderContext<Service> = {
      proxy: { name: NAME },
      settings: {
        ...settings,
        clock,
        timeoutMs: TIMEOUT_MS,
        calls: { methods: undefined },
        random: () => settings.chance,
        backoffMaxMs: BACKOFF_MAX_MS,
        provider: {
          serviceName: NAME,
          ownership: settings.owned ? 'owned' : 'borrowed',
          renew: settings.renew,
          getService: (given) => this.#ask(this.gets, loadOf.get(given)!, undefined) as Promise<Service>,
          checkHealth: (service, given) => this.#ask(this.checks, loadOf.get(given)!, service),
          disposeService: (service) => {
            this.disposed.push(service)
            told.disposing(service)
          },
        },
      },
      guard: { execute: (attempt) => run(attempt, false), executeInTime: (attempt) => run(attempt, true) },
      counters: { worked: () => undefined, abandonedLoad: (change) => void (this.abandoned += change) },
      events: {
        emit(event) {
          if (event.type === 'dispose' && event.error !== undefined) throw event.error
        },
      },
    }
    this.lifetimes = new InstanceLifetimes(context)
    const loader = (this.loader = new ServiceLoader(context, this.lifetimes))
    this.cache = new InstanceCache(context, this.lifetimes, {
      load: (instance, trial) => {
        candidate = instance?.service
        return loader.load(instance, trial)
      },
      get nextLoadAt() {
        return loader.nextLoadAt
      },
      get lateAnswers() {
        return loader.lateAnswers
      },
    })
  }

  readonly #commands: Performers = {
    acquire: (given) => this.#acquire(given),
    abort: (given) => {
      const caller = pick(this.callers.filter(isWaiting), given.which)
      caller?.controller?.abort(new Error('aborted'))
      return caller
    },
    release: (given) => {
      const holding = this.callers.filter(({ holds }) => holds !== undefined)
      const caller = pick(holding, given.which)
      if (caller !== undefined) this.#release(caller)
      return caller
    },
    read: (given) => this.#read(given.which),
    readOn: (given) => this.#readOn(given.which, given.toTheEnd),
    get: (given) => this.#answerGet(given.which, given.bring),
    check: (given) => {
      const question = take(this.checks, given.which)
      question?.answer(given.healthy)
      return question
    },
    invalidate: () => this.cache.invalidate(),
    expire: () => this.cache.expire(),
    suspect: () => this.cache.suspect(),
    distrust: () => this.cache.distrust(),
    clear: (given) => {
      const { current } = this.cache
      const former = this.handedOut.filter(({ service }) => service !== current?.service)
      const instance = given.former ? pick(former, given.which) : current
      if (instance !== undefined) this.cache.clear(instance)
      return instance?.service
    },
    pin: (given) => {
      if (this.stopped) return undefined
      const service = (given.what === 'current' ? this.cache.current?.service : undefined) ?? this.#create()
      this.pins.push(this.cache.pin(this.lifetimes.adopt(service, false)))
      return service
    },
    unpin: (given) => {
      const index = this.pins.length === 0 ? undefined : given.which % this.pins.length
      if (index !== undefined) this.pins[index]!()
      return index
    },
    advance: (given) => this.clock.advance(given.ms),
    starve: (given) => this.clock.starve(given.ms),
    stepWall: (given) => this.clock.stepWall(given.ms),
    refuse: (given) => void (this.refusing = given.refusing),
    stop: () => this.stop(),
  }

  /** Gives the command, and returns what it applied to. */
  run(step: Step): unknown {
    this.at++
    const command = this.#commands[step.do] as (step: Step) => unknown
    return command(step)
  }

  /** As a proxy stops. */
  stop(): void {
    if (this.stopped) return
    this.stopped = true
    this.cache.stop()
    void this.lifetimes.end().then(() => (this.ended = true))
  }

  /** Whatever is still used or read is let go. */
  async letGo(): Promise<void> {
    for (const caller of this.callers) if (caller.holds !== undefined) this.#release(caller)
    while (this.#readOn(0, true) !== undefined);
    await this.clock.settle()
    this.deadlines.leave()
  }

  #create(): Service {
    const service = new Service(this.services.length)
    this.services.push(service)
    return service
  }

  #ask<R>(questions: Question<R>[], load: Load, service: Service | undefined): Promise<R> {
    this.#observer.providerAsked(load)
    const again = !load.hasAsked && service !== undefined
    load.hasAsked = true
    return new Promise<R>((answer, fail) => questions.push({ load, service, again, answer, fail }))
  }

  #answerGet(index: number, bring: 'new' | 'same' | 'null' | 'error'): Service | string | undefined {
    const question = take(this.gets, index)
    if (question === undefined) return undefined
    const number = this.answers++
    if (bring === 'error') {
      question.fail(new Error(`down ${number}`))
      return `its provider failed: down ${number}`
    }
    if (bring === 'null') {
      question.answer(null)
      return 'its provider returned null'
    }
    const service = (bring === 'same' ? pick(this.services, -1 - (number % 4)) : undefined) ?? this.#create()
    this.brought.add(service)
    question.answer(service)
    return service
  }

  #acquire({ trial, style, abortable }: Commands['acquire']): Caller {
    const controller = abortable ? new AbortController() : undefined
    const caller: Caller = { trial, style, controller, since: this.at, outcome: undefined, holds: undefined }
    this.callers.push(caller)
    this.cache.acquire(trial, controller?.signal).then(
      (acquired) => this.#served(caller, acquired),
      (error: unknown) => (caller.outcome = labelOf(error)),
    )
    return caller
  }

  #served(caller: Caller, { instance, result }: Acquired<Service>): void {
    caller.outcome = `${result} ${String(instance.service)}`
    caller.holds = instance
    this.handedOut.push(instance)
    this.#observer.handedOut(caller, instance, result)
    if (caller.style !== 'check') instance.exposed = true
    if (caller.style === 'get') this.#release(caller)
  }

  /** Without a grace it is a matter of turns whether a reader comes in time; not here. */
  #read(index: number): Reading | undefined {
    const caller = pick(
      this.callers.filter(({ holds, style }) => holds?.owned === true && style === 'call'),
      index,
    )
    const instance = caller?.holds
    if (caller === undefined || instance === undefined || this.#settings.disposeGraceMs === 0) return undefined
    const reading = { service: instance.service, caller, iterator: endlessRows(), begun: false, ended: false }
    this.readings.push(reading)
    this.lifetimes.holdWhileRead(instance, reading.iterator)
    this.#release(caller)
    return reading
  }

  #readOn(index: number, toTheEnd: boolean): Reading | undefined {
    const reading = pick(
      this.readings.filter(({ ended }) => !ended),
      index,
    )
    if (reading === undefined) return undefined
    if (toTheEnd) reading.ended = true
    else reading.begun = true
    void (toTheEnd ? reading.iterator.return?.() : reading.iterator.next())
    return reading
  }

  #release(caller: Caller): void {
    const instance = caller.holds
    caller.holds = undefined
    if (instance === undefined) return
    this.#observer.letGo(caller, instance)
    this.lifetimes.release(instance)
  }
}

function endlessRows(): AsyncIterableIterator<number> {
  return {
    [Symbol.asyncIterator]() {
      return this
    },
    next: async () => ({ done: false, value: 0 }),
    return: async () => ({ done: true, value: undefined }),
  }
}

function watched<R>(attempt: Attempt<R>, load: Load, loadOf: WeakMap<object, Load>, begins: () => void): Attempt<R> {
  return {
    startedAt: attempt.startedAt,
    run: (context) => {
      loadOf.set(context, load)
      begins()
      return attempt.run(context)
    },
    settled: (end, error, now, outcome) => {
      load.answered = true
      if (end === 'timeout') load.timedOut = true
      attempt.settled?.(end, error, now, outcome)
    },
    ended: () => {
      load.ended = true
      attempt.ended?.()
    },
  }
}

/** What must never happen, in whichever interleaving. What it knows comes from the commands and the provider's side. */
class Rules implements Observer {
  readonly violations: string[] = []
  readonly rig: Rig
  readonly #settings: Settings
  /** By service: when it was last handed out, or let go by a call. */
  readonly #lastUsed = new Map<Service, number>()
  /** By service: when it was last seen in the cache, or handed out. It was replaced no earlier. */
  readonly #lastSeen = new Map<Service, number>()
  /** By service: when it last came from the provider, or proved that it may be kept. It is fresh for a TTL at the most. */
  readonly #lastProved = new Map<Service, number>()
  /** By service: the last command at which a provider returned it, and at which a trial failed on it. */
  readonly #returnedAt = new Map<Service, number>()
  readonly #distrustedAt = new Map<Service, number>()
  /** Loads that asked the provider, in the order they did, and were not written off. Those that have ended are among them. */
  #asking: Load[] = []
  /** By service: the last command at which a load began that brought it. */
  readonly #broughtBy = new Map<Service, number>()
  /** By service: the last command at which a load began that found it well. */
  readonly #wellBy = new Map<Service, number>()
  readonly #overrides = new Set<Service>()
  readonly #invalidations: number[] = []
  readonly #suspicions: number[] = []
  readonly #seen = new Set<Instance<Service>>()
  /** What was not begun to be read before the grace was over holds nothing any more. */
  readonly #late = new Set<Reading>()
  #isOverridden = false
  /** The last command that ended an override. */
  #overriddenUntil = -Infinity

  constructor(rig: Rig, settings: Settings) {
    this.rig = rig
    this.#settings = settings
  }

  /** Gives the command, and takes down what it means before anything comes of it. */
  run(step: Step): unknown {
    const { rig } = this
    this.see()
    const asked = step.do === 'get' ? pick(rig.gets, step.which) : undefined
    if (step.do === 'check' && step.healthy) this.#foundWell(pick(rig.checks, step.which))
    if (this.#invalidates(step)) this.#invalidations.push(rig.at + 1)
    if (isSuspicion(step)) this.#suspected(step)
    const subject = rig.run(step)
    const { current } = rig.cache
    if (subject instanceof Service) {
      if (asked !== undefined) this.#brought(subject, asked.load)
      if (step.do === 'pin') this.#overriddenBy(subject)
      if (step.do === 'clear' && subject === current?.service) this.#isWell(subject, rig.at)
    }
    this.see()
    return subject
  }

  #suspected(step: Step): void {
    const { at, cache } = this.rig
    if (this.#isOverridden) return
    this.#suspicions.push(at + 1)
    if (step.do === 'distrust' && cache.current !== undefined) this.#distrustedAt.set(cache.current.service, at + 1)
  }

  /** To be called before time moves on, and after. */
  see(): void {
    const service = this.rig.cache.current?.service
    const now = this.rig.clock.now()
    if (service !== undefined) this.#lastSeen.set(service, now)
    for (const reading of this.rig.readings) {
      const graceEndsAt = (this.#lastSeen.get(reading.service) ?? -Infinity) + this.#settings.disposeGraceMs
      if (!reading.begun && now >= graceEndsAt) this.#late.add(reading)
    }
  }

  #invalidates(step: Step): boolean {
    const { pins, stopped } = this.rig
    if (step.do === 'invalidate') return !this.#isOverridden
    const isOver = step.do === 'unpin' && this.#isOverridden && step.which % pins.length === pins.length - 1
    if (isOver || (step.do === 'stop' && this.#isOverridden)) {
      this.#isOverridden = false
      this.#overriddenUntil = this.rig.at + 1
    }
    return isOver || (step.do === 'stop' && !stopped)
  }

  #brought(service: Service, load: Load): void {
    latest(this.#broughtBy, service, load.since)
    latest(this.#returnedAt, service, this.rig.at)
    // Whoever is too late is not asked whether it is well.
    if (load.answered) this.#succeeds(load)
  }

  #foundWell(question: Question<boolean> | undefined): void {
    if (question === undefined) return
    this.#isWell(question.service, question.load.since)
    this.#succeeds(question.load)
    // What the provider returned counts as returned when its load is over.
    if (question.service !== undefined && !question.again) latest(this.#returnedAt, question.service, this.rig.at + 1)
    if (question.service === undefined || (question.again && !isRenewedByCheck(this.#settings))) return
    this.#lastProved.set(question.service, this.rig.clock.now())
  }

  #isWell(service: Service | undefined, at: number): void {
    if (service !== undefined) latest(this.#wellBy, service, at)
  }

  /** It brings an instance: whatever hangs since before it does not count any more. */
  #succeeds(load: Load): void {
    const place = this.#asking.indexOf(load)
    this.#asking = this.#asking.filter((other, index) => index >= place || !other.timedOut)
  }

  #overriddenBy(service: Service): void {
    const { at } = this.rig
    this.#isOverridden = true
    this.#overrides.add(service)
    this.#invalidations.push(at)
    latest(this.#broughtBy, service, at)
    latest(this.#wellBy, service, at)
  }

  loadBegins(load: Load): void {
    const { stopped, loads, clock } = this.rig
    const invalidatedAt = this.#invalidations.at(-1) ?? 0
    if (stopped) this.#object('a load began after the stop')
    if (loads.some((other) => other !== load && !other.answered && other.since >= invalidatedAt)) {
      this.#object('two loads of the current generation at once')
    }
    const overdue = this.#asking.filter(({ ended, timedOut }) => timedOut && !ended)
    const [oldest] = overdue
    if (oldest !== undefined && clock.now() < oldest.startedAt + PAUSES_MS[overdue.length - 1]!) {
      this.#object(`a load began beside ${overdue.length} that overran their deadlines`)
    }
    const { candidate } = load
    if (candidate !== undefined && this.#isDistrusted(candidate, load.since)) {
      this.#object(`${String(candidate)} is checked, although a trial failed on it`)
    }
  }

  providerAsked(load: Load): void {
    if (load.answered) this.#object('the provider was asked by a load that had been answered')
    if (load.hasAsked) return
    this.#asking = this.#asking.filter(
      ({ ended, timedOut, startedAt }) => !ended && !(timedOut && load.startedAt >= startedAt + LOST_MS),
    )
    this.#asking.push(load)
    if (this.#asking.length > MAX_PENDING) this.#object(`${this.#asking.length} loads are pending`)
  }

  /** Whether a trial failed on it until the command `at`, and no load has brought it since. */
  #isDistrusted(service: Service, at: number): boolean {
    const distrustedAt = this.#distrustedAt.get(service) ?? Infinity
    return distrustedAt <= at && (this.#returnedAt.get(service) ?? -Infinity) < distrustedAt
  }

  handedOut(caller: Caller, instance: Instance<Service>, result: string): void {
    const { disposed, clock } = this.rig
    const { service } = instance
    const name = String(service)
    this.#seen.add(instance)
    this.#lastSeen.set(service, clock.now())
    if (caller.style !== 'check') this.#lastUsed.set(service, clock.now())
    if (result !== 'miss') this.#servedFromCache(caller, service, result)
    if (disposed.includes(service)) this.#object(`${name} was handed out after its disposal`)
    if (instance.leases < 1) this.#object(`${name} was handed out without a lease`)
    if ((this.#broughtBy.get(service) ?? 0) < lastUntil(caller.since, this.#invalidations)) {
      this.#object(`${name} was handed out, loaded before an invalidation`)
    }
  }

  /** Whoever joined a load may get what was suspected while it was on its way; not these. */
  #servedFromCache(caller: Caller, service: Service, result: string): void {
    const name = String(service)
    const freshUntil = (this.#lastProved.get(service) ?? -Infinity) + this.#settings.cacheTtlMs
    // Decided when it was asked for; it may reach its caller when the override is over.
    const isOverride = this.#overrides.has(service) && (this.#isOverridden || caller.since < this.#overriddenUntil)
    if (result === 'hit' && !isOverride && this.rig.clock.now() >= freshUntil) {
      this.#object(`${name} was handed out as fresh beyond its TTL`)
    }
    if (this.#isDistrusted(service, caller.since) && !this.#overrides.has(service)) {
      this.#object(`${name} was handed out, although a trial failed on it`)
    }
    if ((this.#wellBy.get(service) ?? 0) < lastUntil(caller.since, this.#suspicions)) {
      this.#object(`${name} was handed out, suspect`)
    }
  }

  letGo(caller: Caller, { service }: Instance<Service>): void {
    if (caller.style !== 'check') this.#lastUsed.set(service, this.rig.clock.now())
  }

  disposing(service: Service): void {
    const { disposed, callers, cache, clock, checks } = this.rig
    const name = String(service)
    if (disposed.filter((other) => other === service).length > 1) this.#object(`${name} was disposed twice`)
    if (cache.current?.service === service) this.#object(`${name} was disposed while it is cached`)
    if (clock.now() >= (this.#lastSeen.get(service) ?? -Infinity) + LONGEST_HOLD_MS) return
    if (callers.some(({ holds }) => holds?.service === service)) this.#object(`${name} was disposed while leased`)
    if (checks.some((question) => question.service === service && question.again)) {
      this.#object(`${name} was disposed while it is checked again`)
    }
    if (this.#isBeingRead(service)) this.#object(`${name} was disposed while something of it is being read`)
    if (this.#isWithinGrace(service)) this.#object(`${name} was disposed within its grace`)
  }

  #isWithinGrace(service: Service): boolean {
    const { clock, stopped } = this.rig
    const graceEndsAt = (this.#lastUsed.get(service) ?? -Infinity) + this.#settings.disposeGraceMs
    return clock.now() < graceEndsAt && !stopped && !this.#overrides.has(service)
  }

  #isBeingRead(service: Service): boolean {
    const read = this.rig.readings.filter((reading) => reading.service === service && !this.#late.has(reading))
    return read.some(({ begun, ended }) => begun && !ended)
  }

  /** Stops, lets everything that is open come to its end, and looks at what is left. */
  async finish(): Promise<void> {
    const { clock, gets, checks } = this.rig
    this.run({ do: 'refuse', refusing: false })
    this.run({ do: 'stop' })
    await clock.settle()
    while (gets.length + checks.length > 0) {
      this.run({ do: 'get', which: 0, bring: 'new' })
      this.run({ do: 'check', which: 0, healthy: true })
      await clock.settle()
    }
    await this.rig.letGo()
    this.#lookAtTheEnd()
  }

  #lookAtTheEnd(): void {
    const { callers, clock, ended, cache, abandoned, loader } = this.rig
    if (!ended) this.#object('the stop does not end')
    if (clock.pendingTimers > 0) this.#object(`${clock.pendingTimers} timers are left`)
    if (cache.current !== undefined || cache.loading) this.#object('the cache is not empty')
    if (abandoned !== 0) this.#object(`${abandoned} loads count as abandoned`)
    if (loader.nextLoadAt !== -Infinity) this.#object('loads that have ended hold others back')
    callers.forEach((caller, index) => {
      if (caller.outcome === undefined) this.#object(`caller ${index} was never answered`)
    })
    for (const instance of this.#seen) {
      if (instance.leases !== 0) this.#object(`${String(instance.service)} has ${instance.leases} leases left`)
    }
    this.#countDisposals()
  }

  #countDisposals(): void {
    const { brought, disposed } = this.rig
    for (const service of brought) {
      const expected = this.#settings.owned && !this.#overrides.has(service) ? [1] : this.#allowed()
      const count = disposed.filter((other) => other === service).length
      if (!expected.includes(count)) this.#object(`${String(service)} was disposed ${count} times`)
    }
  }

  #allowed(): number[] {
    return this.#settings.owned ? [0, 1] : [0]
  }

  #object(violation: string): void {
    this.violations.push(`after command ${this.rig.at}: ${violation}`)
  }
}

function isSuspicion(step: Step): boolean {
  return step.do === 'suspect' || step.do === 'distrust'
}

function latest(commands: Map<Service, number>, service: Service, at: number): void {
  commands.set(service, Math.max(commands.get(service) ?? 0, at))
}

function lastUntil(at: number, commands: readonly number[]): number {
  return commands.findLast((command) => command <= at) ?? 0
}

/** One load of the reference. */
interface ReferenceLoad {
  readonly candidate: Service | undefined
  readonly startedAt: number
  readonly waiters: number[]
  stage: 'waiting' | 'checking the candidate' | 'getting' | 'checking' | 'ended'
  found: Service | undefined
  answered: boolean
  overdue: boolean
  expired: boolean
  suspected: boolean
}

/** What the reference knows of a service that is not over. */
interface ReferenceInstance {
  readonly owned: boolean
  exposed: boolean
  trusted: boolean
  retiredAt: number
  /** The last moment at which somebody used it. */
  usedAt: number
  /** The last moment at which one of those who used it let go of it; others may have gone on. */
  letGoAt: number
  /** Those who use it now. */
  users: ReadonlySet<unknown>
}

interface ReferenceSlot {
  readonly service: Service
  freshUntil: number
  readonly ttlEndsAt: number
  readonly wallEndsAt: number
  suspect: boolean
}

/** The semantics, told in one go: everything that a command causes has happened when the next one comes. */
class Reference {
  readonly outcomes: (string | undefined)[] = []
  readonly gets: ReferenceLoad[] = []
  readonly checks: ReferenceLoad[] = []
  readonly disposed = new Set<Service>()
  readonly #settings: Settings
  readonly #clock: ManualClock
  #now: number
  readonly #styles: Style[] = []
  readonly #holders = new Map<number, Service>()
  readonly #live = new Map<Service, ReferenceInstance>()
  #loads: ReferenceLoad[] = []
  /** Those that are at work at the provider and were not written off, in the order they began. */
  #pending: ReferenceLoad[] = []
  /** Those that wait until fewer are. */
  readonly #queue: ReferenceLoad[] = []
  readonly #readings = new Map<unknown, { readonly service: Service; readonly since: number; begun: boolean }>()
  #slot: ReferenceSlot | undefined
  #flight: ReferenceLoad | undefined
  #failure:
    | { readonly error: string; readonly count: number; readonly since: number; readonly retryAt: number }
    | undefined
  #pin: number | undefined
  #pinCount = 0
  #refusing = false
  #stopped = false

  constructor(settings: Settings, clock: ManualClock) {
    this.#settings = settings
    this.#clock = clock
    this.#now = clock.now()
  }

  get current(): Service | undefined {
    return this.#slot?.service
  }

  get loading(): boolean {
    return this.#flight !== undefined
  }

  get fresh(): Service | undefined {
    const slot = this.#slot
    return slot !== undefined && !slot.suspect && this.#inTime(slot) ? slot.service : undefined
  }

  get abandoned(): number {
    return this.#loads.filter(({ overdue }) => overdue).length
  }

  get state(): CacheStatus['state'] {
    if (this.#slot === undefined) return 'empty'
    if (this.#slot.suspect) return 'suspect'
    return this.#inTime(this.#slot) ? 'fresh' : 'stale'
  }

  /** What was picked in the rig is given; without it there is nothing to do. */
  readonly #commands: Performers<[subject: unknown, callerIndex: number]> = {
    acquire: (given, _, callerIndex) => {
      this.outcomes.push(undefined)
      this.#styles.push(given.style)
      this.#acquire(callerIndex, given.trial)
    },
    abort: (_, caller, callerIndex) => caller !== undefined && this.#abort(callerIndex),
    release: (_, caller, callerIndex) => caller !== undefined && this.#holders.delete(callerIndex),
    read: (_, reading, callerIndex) => reading !== undefined && this.#read(reading, callerIndex),
    readOn: (given, reading) => reading !== undefined && this.#readOn(reading, given.toTheEnd),
    get: (given, brought) => brought !== undefined && this.#got(take(this.gets, given.which)!, brought),
    check: (given, found) => found !== undefined && this.#checked(take(this.checks, given.which)!, given.healthy),
    invalidate: () => this.#pin === undefined && this.#empty(),
    expire: () => this.#pin === undefined && this.#expire(),
    suspect: () => this.#pin === undefined && this.#suspect(),
    distrust: () => {
      if (this.#pin !== undefined) return
      this.#suspect()
      if (this.#slot !== undefined) this.#live.get(this.#slot.service)!.trusted = false
    },
    clear: (_, service) => {
      if (this.#slot?.service === service && this.#isTrusted) this.#slot!.suspect = false
    },
    pin: (_, service) => service instanceof Service && this.#pinned(service),
    unpin: (_, index) => {
      if (index === undefined || index !== this.#pin) return
      this.#pin = undefined
      this.#empty()
    },
    advance: () => this.#advance(),
    starve: () => undefined,
    stepWall: () => undefined,
    refuse: (given) => (this.#refusing = given.refusing),
    stop: () => {
      this.#stopped = true
      this.#pin = undefined
      this.#empty()
    },
  }

  /** Does what `step` has done to the rig; there it applied to `subject`, which may be the caller at `callerIndex`. */
  run(step: Step, subject: unknown, callerIndex: number): void {
    const command = this.#commands[step.do] as (step: Step, ...rest: unknown[]) => unknown
    if (step.do !== 'advance') this.#now = this.#clock.now()
    this.#takeStock()
    command(step, subject, callerIndex)
    this.#takeStock()
    this.#dispose()
  }

  /** Who reads what nobody began to read within the grace comes too late; and what is used now is used. */
  #takeStock(): void {
    for (const [key, { service, since, begun }] of this.#readings) {
      const instance = this.#live.get(service)
      if (instance === undefined || begun || this.current === service) continue
      const idleSince = Math.max(since, instance.letGoAt, instance.retiredAt)
      if (this.#now >= idleSince + this.#settings.disposeGraceMs) this.#readings.delete(key)
    }
    for (const [service, instance] of this.#live) {
      if (this.#isInUse(service)) instance.usedAt = this.#now
      const users = new Set(this.#usersOf(service))
      if ([...instance.users].some((user) => !users.has(user))) instance.letGoAt = this.#now
      instance.users = users
    }
  }

  #read(key: unknown, caller: number): void {
    this.#readings.set(key, { service: this.#holders.get(caller)!, since: this.#now, begun: false })
    this.#holders.delete(caller)
  }

  #readOn(key: unknown, toTheEnd: boolean): void {
    const reading = this.#readings.get(key)
    if (reading === undefined) return
    const instance = this.#live.get(reading.service)
    if (instance !== undefined && toTheEnd) instance.usedAt = instance.letGoAt = this.#now
    if (toTheEnd) this.#readings.delete(key)
    else reading.begun = true
  }

  get #isTrusted(): boolean {
    return this.#slot !== undefined && this.#live.get(this.#slot.service)!.trusted
  }

  #expire(): void {
    if (this.#slot !== undefined) this.#slot.freshUntil = Math.min(this.#slot.freshUntil, this.#now)
    if (this.#flight !== undefined) this.#flight.expired = true
  }

  #suspect(): void {
    if (this.#slot !== undefined) this.#slot.suspect = true
    if (this.#flight !== undefined) this.#flight.suspected = true
  }

  /** The wall clock at {@link Reference.#now}, which while time moves on may be before the rig's. */
  get #wallNow(): number {
    return this.#clock.wallNow() - (this.#clock.now() - this.#now)
  }

  #inTime(slot: ReferenceSlot): boolean {
    return this.#now < slot.freshUntil && (!this.#settings.security || this.#wallNow < slot.wallEndsAt)
  }

  #staleWithin(windowMs: number): Service | undefined {
    const slot = this.#slot
    if (windowMs === 0 || slot === undefined || slot.suspect || this.#now >= slot.ttlEndsAt + windowMs) return undefined
    if (this.#settings.security && this.#wallNow >= slot.wallEndsAt + windowMs) return undefined
    return slot.service
  }

  /** A healthy one stays beyond its TTL, unless somebody asked for another. */
  #isRenewable({ service, freshUntil, ttlEndsAt }: ReferenceSlot): boolean {
    return isRenewedByCheck(this.#settings) && this.#live.get(service)!.owned && freshUntil === ttlEndsAt
  }

  /** Why no load may begin; undefined when one may, or is under way. */
  heldBack(trial: boolean): string | undefined {
    if (this.#flight !== undefined || this.#pin !== undefined) return undefined
    const failure = this.#failure
    if (!trial && failure !== undefined && this.#now < failure.retryAt) return failure.error
    const overdue = this.#pending.filter((load) => load.overdue)
    const [oldest] = overdue
    if (oldest === undefined || this.#now >= oldest.startedAt + PAUSES_MS[overdue.length - 1]!) return undefined
    return failure?.error ?? 'too many loads are still pending after their deadline'
  }

  #acquire(caller: number, trial: boolean): void {
    if (this.#stopped) return this.#refused(caller, `Service '${NAME}' was stopped`)
    if (this.#pin !== undefined) return this.#serve(caller, 'hit', this.#slot!.service)
    const heldBack = this.heldBack(trial)
    if (!trial) {
      if (this.fresh !== undefined) return this.#serve(caller, 'hit', this.fresh)
      const stale = this.#staleWithin(this.#settings.staleWhileRevalidateMs)
      if (stale !== undefined) {
        this.#serve(caller, 'stale', stale)
        if (this.#flight === undefined && heldBack === undefined) this.#load(false)
        return
      }
    }
    if (heldBack !== undefined) this.#insteadOf(caller, heldBack)
    else if (this.#flight === undefined) this.#load(trial, caller)
    else this.#flight.waiters.push(caller)
  }

  #load(trial: boolean, caller?: number): void {
    const load: ReferenceLoad = {
      candidate: this.#candidate(),
      startedAt: this.#now,
      waiters: caller === undefined ? [] : [caller],
      stage: 'waiting',
      found: undefined,
      answered: false,
      overdue: false,
      expired: false,
      suspected: false,
    }
    this.#loads.push(load)
    this.#flight = load
    // A trial has been admitted already.
    if (this.#refusing && !trial) this.#crash(load, CIRCUIT_OPEN, true)
    else this.#begin(load)
  }

  #candidate(): Service | undefined {
    const slot = this.#slot
    if (slot === undefined || !this.#isTrusted) return undefined
    if (this.#inTime(slot)) slot.suspect = true
    else if (!this.#isRenewable(slot)) return undefined
    return slot.service
  }

  /** Asks the provider, unless too many do. */
  #begin(load: ReferenceLoad): void {
    const lost = this.#pending.filter((other) => other.overdue && load.startedAt >= other.startedAt + LOST_MS)
    if (this.#pending.length - lost.length >= MAX_PENDING) {
      this.#queue.push(load)
      return
    }
    this.#pending = [...this.#pending.filter((other) => !lost.includes(other)), load]
    load.stage = load.candidate === undefined ? 'getting' : 'checking the candidate'
    const questions = load.candidate === undefined ? this.gets : this.checks
    questions.push(load)
    for (const _ of lost) this.#nextInQueue()
  }

  /** A load is pending no longer: the next one may try to begin. */
  #nextInQueue(): void {
    const next = this.#queue.shift()
    if (next === undefined) return
    if (!next.answered) return this.#begin(next)
    this.#close(next)
    this.#nextInQueue()
  }

  /** It brings an instance: whatever hangs since before it does not count any more. */
  #succeeds(load: ReferenceLoad): void {
    const place = this.#pending.indexOf(load)
    const writtenOff = this.#pending.filter((other, index) => index < place && other.overdue)
    this.#pending = this.#pending.filter((other) => !writtenOff.includes(other))
    for (const _ of writtenOff) this.#nextInQueue()
    if (load.answered) this.#failure = undefined
  }

  #got(load: ReferenceLoad, subject: unknown): void {
    if (!(subject instanceof Service)) return this.#crash(load, String(subject))
    if (load.answered) {
      this.#succeeds(load)
      this.#close(load)
      return this.#discard(subject)
    }
    load.found = subject
    load.stage = 'checking'
    this.checks.push(load)
  }

  #checked(load: ReferenceLoad, healthy: boolean): void {
    if (healthy) this.#succeeds(load)
    const isCandidate = load.stage === 'checking the candidate'
    const service = isCandidate ? load.candidate! : load.found!
    if (healthy && !load.answered) return this.#land(load, service)
    if (!isCandidate) {
      this.#discard(service)
      return this.#crash(load, 'it did not pass its health check')
    }
    if (load.answered) return this.#close(load)
    load.stage = 'getting'
    this.gets.push(load)
  }

  #land(load: ReferenceLoad, service: Service): void {
    if (this.#stopped) {
      this.#discard(service)
      return this.#crash(load, `Service '${NAME}' was stopped`, true)
    }
    if (this.disposed.has(service) && !this.#live.has(service)) {
      return this.#crash(load, 'its provider returned an instance that was already disposed')
    }
    const instance = this.#adopt(service, this.#settings.owned)
    const committed = this.#flight === load && this.#settings.cacheTtlMs > 0
    if (this.#flight === load) {
      this.#flight = undefined
      this.#failure = undefined
    }
    if (committed) this.#commit(load, service)
    this.#close(load)
    if (this.current !== service) instance.retiredAt = this.#now
    for (const waiter of load.waiters) this.#serve(waiter, 'miss', service)
  }

  #commit(load: ReferenceLoad, service: Service): void {
    if (this.#slot?.service !== service || load.candidate !== service) {
      this.#live.get(service)!.trusted = true
      this.#put(service, this.#lifeMs())
    } else if (!this.#inTime(this.#slot) && this.#isRenewable(this.#slot)) {
      this.#put(service, this.#lifeMs())
    } else {
      this.#slot.suspect = false
    }
    if (load.expired) this.#slot!.freshUntil = Math.min(this.#slot!.freshUntil, this.#now)
    if (load.suspected) this.#slot!.suspect = true
  }

  #lifeMs(): number {
    const { cacheTtlMs, cacheTtlJitterRatio, chance } = this.#settings
    return cacheTtlMs === Infinity ? Infinity : cacheTtlMs - cacheTtlMs * cacheTtlJitterRatio * chance
  }

  #put(service: Service, lifeMs: number): void {
    const previous = this.#slot?.service
    const ttlEndsAt = this.#now + lifeMs
    const wallEndsAt = this.#wallNow + lifeMs
    this.#slot = { service, freshUntil: ttlEndsAt, ttlEndsAt, wallEndsAt, suspect: false }
    if (previous !== undefined && previous !== service) this.#live.get(previous)!.retiredAt = this.#now
  }

  /** The load has failed, unless its callers have been answered already. */
  #crash(load: ReferenceLoad, error: string, refusal = false): void {
    const { answered } = load
    this.#close(load)
    if (!answered) this.#fail(load, error, refusal)
  }

  #fail(load: ReferenceLoad, error: string, refusal = false): void {
    load.answered = true
    if (this.#flight === load) {
      this.#flight = undefined
      if (!refusal) this.#remember(error)
    }
    for (const waiter of load.waiters) {
      if (refusal) this.#refused(waiter, error)
      else this.#insteadOf(waiter, error)
    }
  }

  #remember(error: string): void {
    const { chance, backoffInitialMs } = this.#settings
    const count = (this.#failure?.count ?? 0) + 1
    const since = this.#failure?.since ?? this.#now
    const longestMs = Math.min(BACKOFF_MAX_MS, Math.max(backoffInitialMs, (this.#now - since) / 4))
    const delayMs = chance * Math.min(longestMs, backoffInitialMs * 2 ** (count - 1))
    this.#failure = { error, count, since, retryAt: this.#now + delayMs }
  }

  #close(load: ReferenceLoad): void {
    load.answered = true
    load.stage = 'ended'
    this.#loads = this.#loads.filter((other) => other !== load)
    if (!this.#pending.includes(load)) return
    this.#pending = this.#pending.filter((other) => other !== load)
    this.#nextInQueue()
  }

  /** Runs the deadlines that came due, each at its time. */
  #advance(): void {
    const end = this.#clock.now()
    for (const load of this.#loads.filter((other) => !other.answered && other.startedAt + TIMEOUT_MS <= end)) {
      this.#now = load.startedAt + TIMEOUT_MS
      this.#takeStock()
      this.#overrun(load)
      this.#takeStock()
    }
    this.#now = end
  }

  /** Its callers are answered; it goes on. */
  #overrun(load: ReferenceLoad): void {
    load.overdue = load.stage !== 'waiting'
    this.#fail(load, `Service '${NAME}' did not answer within ${TIMEOUT_MS} ms`)
  }

  #abort(caller: number): void {
    for (const { waiters } of this.#loads) {
      const index = waiters.indexOf(caller)
      if (index !== -1) waiters.splice(index, 1)
    }
    this.#refused(caller, 'aborted')
  }

  #insteadOf(caller: number, error: string): void {
    const stale = this.#staleWithin(this.#settings.staleIfErrorMs)
    if (stale === undefined) this.#refused(caller, error)
    else this.#serve(caller, 'stale', stale)
  }

  #refused(caller: number, error: string): void {
    this.outcomes[caller] = error
  }

  #serve(caller: number, result: string, service: Service): void {
    this.outcomes[caller] = `${result} ${String(service)}`
    const instance = this.#live.get(service)!
    instance.usedAt = instance.letGoAt = this.#now
    if (this.#styles[caller] !== 'check') instance.exposed = true
    if (this.#styles[caller] !== 'get') this.#holders.set(caller, service)
  }

  #pinned(service: Service): void {
    this.#adopt(service, false)
    this.#flight = undefined
    this.#failure = undefined
    this.#put(service, Infinity)
    this.#pin = this.#pinCount++
  }

  #empty(): void {
    if (this.#slot !== undefined) this.#live.get(this.#slot.service)!.retiredAt = this.#now
    this.#slot = undefined
    this.#flight = undefined
    this.#failure = undefined
  }

  #adopt(service: Service, owned: boolean): ReferenceInstance {
    const instance = this.#live.get(service) ?? {
      owned,
      exposed: false,
      trusted: true,
      retiredAt: this.#now,
      usedAt: -Infinity,
      letGoAt: -Infinity,
      users: new Set(),
    }
    this.#live.set(service, instance)
    return instance
  }

  #discard(service: Service): void {
    if (!this.#live.has(service) && !this.disposed.has(service)) this.#adopt(service, this.#settings.owned)
  }

  /** Ends whatever nobody can be using. */
  #dispose(): void {
    for (const [service, instance] of this.#live) {
      if (this.current === service || !this.#isOver(service, instance)) continue
      this.#live.delete(service)
      if (instance.owned) this.disposed.add(service)
    }
  }

  #isOver(service: Service, { owned, exposed, retiredAt, usedAt }: ReferenceInstance): boolean {
    if (owned && this.#now >= retiredAt + LONGEST_HOLD_MS) return true
    if (this.#isInUse(service) || this.#mayBeRead(service)) return false
    if (!owned || !exposed || this.#stopped) return true
    return this.#now >= Math.max(retiredAt, usedAt) + this.#settings.disposeGraceMs
  }

  #isInUse(service: Service): boolean {
    return this.current === service || this.#usersOf(service).length > 0
  }

  #usersOf(service: Service): unknown[] {
    return [
      ...[...this.#holders].filter(([, held]) => held === service).map(([caller]) => caller),
      ...[...this.#readings].filter(([, reading]) => reading.service === service && reading.begun).map(([key]) => key),
      ...this.#loads.filter(
        (load) => load.candidate === service && (!load.answered || load.stage === 'checking the candidate'),
      ),
    ]
  }

  /** Something that a call returned may yet be begun to be read. */
  #mayBeRead(service: Service): boolean {
    return [...this.#readings.values()].some((reading) => reading.service === service)
  }
}

const CIRCUIT_OPEN = labelOf(new CircuitOpenError(NAME))

function labelOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const reason = error.message.replace(/^.* is unavailable: /, '')
  return error.cause instanceof Error ? `${reason}: ${error.cause.message}` : reason
}

function isWaiting({ outcome, controller }: Caller): boolean {
  return outcome === undefined && controller?.signal.aborted === false
}

function pick<E>(entries: readonly E[], index: number): E | undefined {
  return entries.length === 0 ? undefined : entries.at(index % entries.length)
}

/** Takes out what {@link pick} picks. */
function take<E>(entries: E[], index: number): E | undefined {
  return entries.length === 0 ? undefined : entries.splice(index % entries.length, 1)[0]
}

const rejections: unknown[] = []
const onRejection = (reason: unknown): void => void rejections.push(reason)
beforeAll(() => void process.on('unhandledRejection', onRejection))
afterAll(() => void process.off('unhandledRejection', onRejection))

/** Runs properties, each with a seed of its own, until they have come to {@link STEPS} commands. */
async function check<A>(arbitrary: fc.Arbitrary<A>, property: (value: A) => Promise<number>): Promise<number> {
  const done = { steps: 0 }
  for (let seed = SEED; done.steps < STEPS; seed = (seed + 1) % 2 ** 31) {
    await fc.assert(
      fc.asyncProperty(arbitrary, async (value) => {
        done.steps += await property(value)
        expect(rejections.splice(0)).toEqual([])
      }),
      { seed, numRuns: 250 },
    )
  }
  return done.steps
}

function rigUnder(settings: Settings): { rig: Rig; rules: Rules } {
  let rules: Rules | undefined
  const rig = new Rig(settings, (made) => (rules = new Rules(made, settings)))
  return { rig, rules: rules! }
}

const LENGTH = { minLength: 1, maxLength: 120, size: 'max' } as const
const withoutStarving = stepArbitrary.filter((step) => step.do !== 'starve')
/** Promise continuations that run after a command: a few, or (undefined) all. */
const turns = fc.option(fc.nat(12), { nil: undefined, freq: 4 })
/** The command at which it stops, in the middle of the others. */
const stopAt = fc.nat(200)

test(
  'in any interleaving no rule is broken',
  async () => {
    const runs = fc.tuple(settingsArbitrary, fc.array(fc.tuple(stepArbitrary, turns), LENGTH), stopAt)
    const steps = await check(runs, async ([settings, commands, stop]) => {
      const { rig, rules } = rigUnder(settings)
      for (const [index, [step, turnCount]] of commands.entries()) {
        if (index === stop) rules.run({ do: 'stop' })
        // Continuations go before timers, and take no time.
        if (step.do === 'starve') await rig.clock.settle()
        rules.see()
        if (step.do === 'advance') await rig.clock.advanceAsync(step.ms)
        else rules.run(step)
        rules.see()
        for (let turn = 0; turn < (turnCount ?? 0); turn++) await Promise.resolve()
        if (turnCount === undefined) await rig.clock.settle()
        if (rules.violations.length > 0) break
      }
      await rules.finish()
      expect(rules.violations).toEqual([])
      return commands.length
    })
    expect(steps).toBeGreaterThanOrEqual(STEPS)
  },
  PATIENCE_MS,
)

test(
  'what happens is what the reference says, command by command',
  async () => {
    const runs = fc.tuple(settingsArbitrary, fc.array(withoutStarving, LENGTH), stopAt)
    const steps = await check(runs, async ([settings, commands, stop]) => {
      const { rig, rules } = rigUnder(settings)
      const reference = new Reference(settings, rig.clock)
      const perform = async (step: Step): Promise<void> => {
        // Each deadline has its consequences before the next one comes.
        if (step.do === 'advance') await rig.clock.advanceAsync(step.ms)
        rules.see()
        const subject = step.do === 'advance' ? undefined : rules.run(step)
        const caller = step.do === 'read' ? (subject as Reading | undefined)?.caller : subject
        const callerIndex = rig.callers.indexOf(caller as Caller)
        await rig.clock.settle()
        reference.run(step, subject, callerIndex)
        expect(stateOf(rig)).toEqual(stateExpectedBy(reference))
        expect(rules.violations).toEqual([])
      }
      for (const [index, step] of commands.entries()) {
        if (index === stop) await perform({ do: 'stop' })
        await perform(step)
      }
      await rules.finish()
      expect(rules.violations).toEqual([])
      return commands.length
    })
    expect(steps).toBeGreaterThanOrEqual(STEPS)
  },
  PATIENCE_MS,
)

function stateOf({ cache, clock, callers, gets, checks, disposed, abandoned }: Rig): unknown {
  return {
    current: cache.current?.service.id,
    fresh: cache.fresh(clock.now())?.service.id,
    state: cache.status(clock.now()).state,
    loading: cache.loading,
    heldBack: [false, true].map((trial) => {
      const heldBack = cache.heldBack(clock.now(), trial)
      return heldBack && labelOf(heldBack.error)
    }),
    abandoned,
    outcomes: callers.map(({ outcome }) => outcome),
    gets: gets.length,
    checks: checks.map(({ service }) => service?.id),
    disposed: disposed.map(({ id }) => id).sort((a, b) => a - b),
  }
}

function stateExpectedBy(reference: Reference): unknown {
  const { current, fresh, state, loading, abandoned, outcomes, gets, checks, disposed } = reference
  return {
    current: current?.id,
    fresh: fresh?.id,
    state,
    loading,
    heldBack: [false, true].map((trial) => reference.heldBack(trial)),
    abandoned,
    outcomes,
    gets: gets.length,
    checks: checks.map(({ stage, candidate, found }) => (stage === 'checking the candidate' ? candidate : found)?.id),
    disposed: [...disposed].map(({ id }) => id).sort((a, b) => a - b),
  }
}
