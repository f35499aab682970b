// The cache, the lifetimes and the loader together, put through commands in any order and any interleaving of promise
// continuations, and held to two judges: `Rules`, what must never happen, in whichever order; and `Reference`, an
// independent account of what has to happen exactly, where everything settles between two commands.
//
// SVCPROXY_MODEL_STEPS sets how many commands each test runs (100 000 unless told), SVCPROXY_MODEL_SEED where it begins:
// a failure prints the seed it began with.
import { ManualClock } from '@svcproxy/testing'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Attempt } from './attempt.ts'
import { DeadlineQueue } from './deadline.ts'
import { CircuitOpenError } from './errors.ts'
import { InstanceCache } from './instance-cache.ts'
import type { Acquired } from './instance-cache.ts'
import { InstanceLifetimes } from './instance-lifetimes.ts'
import type { Instance } from './instance-lifetimes.ts'
import { ABANDONED_LOAD_MS, ServiceLoader } from './service-loader.ts'

const STEPS = Number(process.env['SVCPROXY_MODEL_STEPS'] ?? 100_000)
const SEED = Number(process.env['SVCPROXY_MODEL_SEED'] ?? Math.trunc(Math.random() * 2 ** 31))
const PATIENCE_MS = Math.max(30_000, STEPS)
const TIMEOUT_MS = 50
const NAME = 'db'

interface Settings {
  readonly owned: boolean
  readonly cacheTtlMs: number
  readonly cacheTtlJitterRatio: number
  readonly staleWhileRevalidateMs: number
  readonly staleIfErrorMs: number
  readonly backoffInitialMs: number
  readonly disposeGraceMs: number
  readonly security: boolean
  /** What chance gives, always. */
  readonly chance: number
}

const BACKOFF_MAX_MS = 100

const settingsArbitrary: fc.Arbitrary<Settings> = fc.record({
  owned: fc.oneof({ weight: 5, arbitrary: fc.constant(true) }, fc.constant(false)),
  cacheTtlMs: fc.constantFrom(0, 60, 200, Infinity),
  cacheTtlJitterRatio: fc.constantFrom(0, 0.5),
  staleWhileRevalidateMs: fc.constantFrom(0, 0, 70),
  staleIfErrorMs: fc.constantFrom(0, 0, 90),
  backoffInitialMs: fc.constantFrom(0, 30),
  disposeGraceMs: fc.constantFrom(0, 80),
  security: fc.boolean(),
  chance: fc.constantFrom(0, 0.5, 1),
})

/** What a command is given, by its name. */
interface Commands {
  acquire: { readonly trial: boolean; readonly style: 'get' | 'call'; readonly abortable: boolean }
  abort: { readonly which: number }
  release: { readonly which: number }
  /** What the provider brings to one of those who wait for it. */
  get: { readonly which: number; readonly bring: 'new' | 'same' | 'null' | 'error' }
  /** What a health check finds. */
  check: { readonly which: number; readonly healthy: boolean }
  invalidate: object
  expire: object
  suspect: object
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
const msArbitrary = fc.constantFrom(0, 5, 20, 30, 50, 60, 80, 200, ABANDONED_LOAD_MS)

const stepArbitrary: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('acquire' as const),
      trial: fc.nat(4).map((n) => n === 0),
      style: fc.constantFrom('get' as const, 'call' as const),
      abortable: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('abort' as const), which }) },
  { weight: 7, arbitrary: fc.record({ do: fc.constant('release' as const), which }) },
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
    arbitrary: fc.constantFrom<Step>({ do: 'invalidate' }, { do: 'expire' }, { do: 'suspect' }),
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
  readonly style: 'get' | 'call'
  readonly controller: AbortController | undefined
  readonly since: number
  /** What came of it: `hit #3`, or the error. */
  outcome: string | undefined
  holds: Instance<Service> | undefined
}

/** An attempt to load, as the deadline queue sees it. */
interface Load {
  readonly since: number
  readonly trial: boolean
  readonly suspect: Service | undefined
  timedOutAt: number | undefined
  answered: boolean
  ended: boolean
  mayAsk: boolean
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
  disposing(service: Service): void
}

/** The real thing, and all it is asked and answered. `at` counts the commands. */
class Rig {
  readonly clock = new ManualClock()
  readonly deadlines = DeadlineQueue.join(this.clock, TIMEOUT_MS)
  readonly lifetimes: InstanceLifetimes<Service>
  readonly cache: InstanceCache<Service>
  readonly services: Service[] = []
  readonly brought = new Set<Service>()
  readonly callers: Caller[] = []
  readonly loads: Load[] = []
  readonly gets: Question<Service | null>[] = []
  readonly checks: Question<boolean>[] = []
  readonly pins: (() => void)[] = []
  readonly disposed: Service[] = []
  readonly #observer: Observer
  at = 0
  refusing = false
  stopped = false
  ended = false
  answers = 0

  constructor(settings: Settings, observer: (rig: Rig) => Observer) {
    const { clock } = this
    const told = observer(this)
    this.#observer = told
    const loadOf = new WeakMap<object, Load>()
    let next: Pick<Load, 'trial' | 'suspect'> = { trial: false, suspect: undefined }
    this.lifetimes = new InstanceLifetimes<Service>({
      serviceName: NAME,
      clock,
      disposeGraceMs: settings.disposeGraceMs,
      dispose: settings.owned
        ? (service) => {
            this.disposed.push(service)
            told.disposing(service)
          }
        : undefined,
      onDisposed: ({ error }) => {
        if (error !== undefined) throw error
      },
    })
    const loader = new ServiceLoader<Service>({
      serviceName: NAME,
      clock,
      lifetimes: this.lifetimes,
      onLoaded: () => undefined,
      provider: {
        serviceName: NAME,
        getService: (context) => this.#ask(this.gets, loadOf.get(context)!, undefined) as Promise<Service>,
        checkHealth: (service, context) => this.#ask(this.checks, loadOf.get(context)!, service),
      },
      execute: (attempt) => {
        const load: Load = {
          ...next,
          since: this.at,
          timedOutAt: undefined,
          answered: false,
          ended: false,
          mayAsk: true,
          hasAsked: false,
        }
        if (this.refusing) {
          const refusal = new CircuitOpenError(NAME)
          attempt.settled?.('refused', refusal, clock.now(), 'ignored')
          return Promise.reject(refusal)
        }
        this.loads.push(load)
        return this.deadlines.run(
          NAME,
          watched(attempt, load, loadOf, () => told.loadBegins(load)),
        )
      },
    })
    this.cache = new InstanceCache<Service>({
      serviceName: NAME,
      settings: { ...settings, clock, random: () => settings.chance, backoffMaxMs: BACKOFF_MAX_MS },
      lifetimes: this.lifetimes,
      load: (suspect, trial) => {
        next = { trial, suspect: suspect?.service }
        return loader.load(suspect, trial)
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
    get: (given) => this.#answerGet(given.which, given.bring),
    check: (given) => {
      const question = take(this.checks, given.which)
      question?.answer(given.healthy)
      return question
    },
    invalidate: () => this.cache.invalidate(),
    expire: () => this.cache.expire(),
    suspect: () => this.cache.suspect(),
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

  /** Stops, and lets everything that is open come to its end. */
  async finish(): Promise<void> {
    this.at++
    this.refusing = false
    this.stop()
    await this.clock.settle()
    while (this.gets.length + this.checks.length > 0) {
      if (this.gets.length > 0) this.#answerGet(0, 'new')
      take(this.checks, 0)?.answer(true)
      await this.clock.settle()
    }
    for (const caller of this.callers) if (caller.holds !== undefined) this.#release(caller)
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
    this.#observer.handedOut(caller, instance, result)
    if (caller.style === 'call') return
    instance.exposed = true
    this.#release(caller)
  }

  #release(caller: Caller): void {
    const instance = caller.holds
    caller.holds = undefined
    if (instance !== undefined) this.lifetimes.release(instance)
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
      if (end === 'timeout') load.timedOutAt = now
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
  readonly #lastHandedOut = new Map<Service, number>()
  /** By service: the last command at which a load began that brought it. */
  readonly #broughtBy = new Map<Service, number>()
  /** By service: the last command at which a load began that found it well. */
  readonly #wellBy = new Map<Service, number>()
  readonly #overrides = new Set<Service>()
  readonly #invalidations: number[] = []
  readonly #suspicions: number[] = []
  readonly #seen = new Set<Instance<Service>>()
  #isOverridden = false

  constructor(rig: Rig, settings: Settings) {
    this.rig = rig
    this.#settings = settings
  }

  /** Gives the command, and takes down what it means before anything comes of it. */
  run(step: Step): unknown {
    const { rig } = this
    const asked = step.do === 'get' ? pick(rig.gets, step.which) : undefined
    if (step.do === 'check' && step.healthy) this.#foundWell(pick(rig.checks, step.which))
    if (this.#invalidates(step)) this.#invalidations.push(rig.at + 1)
    if (step.do === 'suspect' && !this.#isOverridden) this.#suspicions.push(rig.at + 1)
    const subject = rig.run(step)
    if (asked !== undefined && subject instanceof Service) latest(this.#broughtBy, subject, asked.load.since)
    if (step.do === 'pin' && subject instanceof Service) this.#overriddenBy(subject)
    return subject
  }

  #invalidates(step: Step): boolean {
    const { pins, stopped } = this.rig
    if (step.do === 'invalidate') return !this.#isOverridden
    const isOver = step.do === 'unpin' && this.#isOverridden && step.which % pins.length === pins.length - 1
    if (isOver || step.do === 'stop') this.#isOverridden = false
    return isOver || (step.do === 'stop' && !stopped)
  }

  #foundWell(question: Question<boolean> | undefined): void {
    if (question?.service !== undefined) latest(this.#wellBy, question.service, question.load.since)
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
    load.mayAsk =
      load.trial ||
      !loads.some(({ ended, timedOutAt = -Infinity }) => !ended && clock.now() < timedOutAt + ABANDONED_LOAD_MS)
  }

  providerAsked(load: Load): void {
    if (!load.mayAsk) this.#object('the provider was asked while a load that overran its deadline was pending')
    if (load.answered) this.#object('the provider was asked by a load that had been answered')
  }

  handedOut(caller: Caller, instance: Instance<Service>, result: string): void {
    const { disposed, clock } = this.rig
    const { service } = instance
    const name = String(service)
    this.#seen.add(instance)
    if (caller.style === 'get') this.#lastHandedOut.set(service, clock.now())
    if (disposed.includes(service)) this.#object(`${name} was handed out after its disposal`)
    if (instance.leases < 1) this.#object(`${name} was handed out without a lease`)
    if ((this.#broughtBy.get(service) ?? 0) < lastUntil(caller.since, this.#invalidations)) {
      this.#object(`${name} was handed out, loaded before an invalidation`)
    }
    // Whoever joined a load may get what was suspected while it was on its way.
    if (result !== 'miss' && (this.#wellBy.get(service) ?? 0) < lastUntil(caller.since, this.#suspicions)) {
      this.#object(`${name} was handed out, suspect`)
    }
  }

  disposing(service: Service): void {
    const { disposed, callers, cache, clock, checks, stopped } = this.rig
    const name = String(service)
    if (disposed.filter((other) => other === service).length > 1) this.#object(`${name} was disposed twice`)
    if (cache.current?.service === service) this.#object(`${name} was disposed while it is cached`)
    if (callers.some(({ holds }) => holds?.service === service)) this.#object(`${name} was disposed while leased`)
    if (checks.some((question) => question.service === service && question.again)) {
      this.#object(`${name} was disposed while it is checked again`)
    }
    const graceEndsAt = (this.#lastHandedOut.get(service) ?? -Infinity) + this.#settings.disposeGraceMs
    if (clock.now() < graceEndsAt && !stopped && !this.#overrides.has(service))
      this.#object(`${name} was disposed within its grace`)
  }

  /** Told when the rig has finished. */
  end(): void {
    const { brought, disposed, callers, clock, ended, cache } = this.rig
    if (!ended) this.#object('the stop does not end')
    if (clock.pendingTimers > 0) this.#object(`${clock.pendingTimers} timers are left`)
    if (cache.current !== undefined || cache.loading) this.#object('the cache is not empty')
    callers.forEach((caller, index) => {
      if (caller.outcome === undefined) this.#object(`caller ${index} was never answered`)
    })
    for (const instance of this.#seen) {
      if (instance.leases !== 0) this.#object(`${String(instance.service)} has ${instance.leases} leases left`)
    }
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

function latest(commands: Map<Service, number>, service: Service, at: number): void {
  commands.set(service, Math.max(commands.get(service) ?? 0, at))
}

function lastUntil(at: number, commands: readonly number[]): number {
  return commands.findLast((command) => command <= at) ?? 0
}

/** One load of the reference. */
interface ReferenceLoad {
  readonly trial: boolean
  readonly suspect: Service | undefined
  readonly dueAt: number
  readonly waiters: number[]
  stage: 'checking the suspect' | 'getting' | 'checking' | 'ended'
  candidate: Service | undefined
  answered: boolean
  timedOutAt: number
  expired: boolean
  suspected: boolean
}

/** What the reference knows of a service that is not over. */
interface ReferenceInstance {
  readonly owned: boolean
  exposed: boolean
  retiredAt: number
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
  readonly #styles: ('get' | 'call')[] = []
  readonly #holders = new Map<number, Service>()
  readonly #live = new Map<Service, ReferenceInstance>()
  #loads: ReferenceLoad[] = []
  #slot: ReferenceSlot | undefined
  #flight: ReferenceLoad | undefined
  #failure: { readonly error: string; readonly count: number; readonly retryAt: number } | undefined
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

  /** What was picked in the rig is given; without it there is nothing to do. */
  readonly #commands: Performers<[subject: unknown, callerIndex: number]> = {
    acquire: (given, _, callerIndex) => {
      this.outcomes.push(undefined)
      this.#styles.push(given.style)
      this.#acquire(callerIndex, given.trial)
    },
    abort: (_, caller, callerIndex) => caller !== undefined && this.#abort(callerIndex),
    release: (_, caller, callerIndex) => caller !== undefined && this.#holders.delete(callerIndex),
    get: (given, brought) => brought !== undefined && this.#got(take(this.gets, given.which)!, brought),
    check: (given, found) => found !== undefined && this.#checked(take(this.checks, given.which)!, given.healthy),
    invalidate: () => this.#pin === undefined && this.#empty(),
    expire: () => this.#pin === undefined && this.#expire(),
    suspect: () => this.#pin === undefined && this.#suspect(),
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
    command(step, subject, callerIndex)
    this.#dispose()
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

  #isBackingOff(): boolean {
    return this.#flight === undefined && this.#failure !== undefined && this.#now < this.#failure.retryAt
  }

  #acquire(caller: number, trial: boolean): void {
    if (this.#stopped) return this.#refused(caller, `Service '${NAME}' was stopped`)
    if (this.#pin !== undefined) return this.#serve(caller, 'hit', this.#slot!.service)
    if (!trial) {
      if (this.fresh !== undefined) return this.#serve(caller, 'hit', this.fresh)
      const stale = this.#staleWithin(this.#settings.staleWhileRevalidateMs)
      if (stale !== undefined) {
        const needed = this.#flight === undefined && !this.#isBackingOff()
        this.#serve(caller, 'stale', stale)
        if (needed) this.#load(false)
        return
      }
      if (this.#isBackingOff()) return this.#insteadOf(caller, this.#failure!.error)
    }
    if (this.#flight === undefined) this.#load(trial, caller)
    else this.#flight.waiters.push(caller)
  }

  #load(trial: boolean, caller?: number): void {
    const slot = this.#slot
    const checked = slot !== undefined && (slot.suspect || trial) && this.#inTime(slot)
    if (checked) slot.suspect = true
    const load: ReferenceLoad = {
      trial,
      suspect: checked ? slot.service : undefined,
      dueAt: this.#now + TIMEOUT_MS,
      waiters: caller === undefined ? [] : [caller],
      stage: checked ? 'checking the suspect' : 'getting',
      candidate: undefined,
      answered: false,
      timedOutAt: Infinity,
      expired: false,
      suspected: false,
    }
    const blocked = this.#loads.some(
      (other) => this.#now < other.timedOutAt + ABANDONED_LOAD_MS && other.answered && other.timedOutAt < Infinity,
    )
    this.#loads.push(load)
    this.#flight = load
    if (this.#refusing) return this.#crash(load, CIRCUIT_OPEN, true)
    if (blocked && !trial) return this.#crash(load, 'a load that overran its deadline is still pending')
    ;(checked ? this.checks : this.gets).push(load)
  }

  #got(load: ReferenceLoad, subject: unknown): void {
    if (!(subject instanceof Service)) return this.#crash(load, String(subject))
    if (load.answered) {
      this.#close(load)
      return this.#discard(subject)
    }
    load.candidate = subject
    load.stage = 'checking'
    this.checks.push(load)
  }

  #checked(load: ReferenceLoad, healthy: boolean): void {
    if (load.stage === 'checking the suspect') {
      if (load.answered) return this.#close(load)
      if (healthy) return this.#land(load, load.suspect!)
      load.stage = 'getting'
      this.gets.push(load)
      return
    }
    if (!load.answered && healthy) return this.#land(load, load.candidate!)
    this.#discard(load.candidate!)
    this.#crash(load, 'it did not pass its health check')
  }

  #land(load: ReferenceLoad, service: Service): void {
    if (this.#stopped) {
      this.#discard(service)
      return this.#crash(load, `Service '${NAME}' was stopped`, true)
    }
    if (this.disposed.has(service) && !this.#live.has(service)) {
      return this.#crash(load, 'its provider returned an instance already disposed')
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
    const { cacheTtlMs, cacheTtlJitterRatio, chance } = this.#settings
    if (this.#slot?.service === service && load.suspect === service) {
      this.#slot.suspect = false
    } else {
      const lifeMs = cacheTtlMs === Infinity ? Infinity : cacheTtlMs - cacheTtlMs * cacheTtlJitterRatio * chance
      this.#put(service, lifeMs)
    }
    if (load.expired) this.#slot!.freshUntil = Math.min(this.#slot!.freshUntil, this.#now)
    if (load.suspected) this.#slot!.suspect = true
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
    if (load.answered) return this.#close(load)
    if (this.#flight === load) {
      this.#flight = undefined
      if (!refusal) this.#remember(error)
    }
    this.#close(load)
    for (const waiter of load.waiters) {
      if (refusal) this.#refused(waiter, error)
      else this.#insteadOf(waiter, error)
    }
  }

  #remember(error: string): void {
    const { chance, backoffInitialMs } = this.#settings
    const count = (this.#failure?.count ?? 0) + 1
    const delayMs = chance * Math.min(BACKOFF_MAX_MS, backoffInitialMs * 2 ** (count - 1))
    this.#failure = { error, count, retryAt: this.#now + delayMs }
  }

  #close(load: ReferenceLoad): void {
    load.answered = true
    load.stage = 'ended'
    this.#loads = this.#loads.filter((other) => other !== load)
  }

  /** Runs the deadlines that came due, each at its time. */
  #advance(): void {
    const end = this.#clock.now()
    for (const load of this.#loads.filter(({ answered, dueAt }) => !answered && dueAt <= end)) {
      this.#now = load.dueAt
      this.#overrun(load)
    }
    this.#now = end
  }

  #overrun(load: ReferenceLoad): void {
    const { stage } = load
    this.#crash(load, `Service '${NAME}' did not answer within ${TIMEOUT_MS} ms`)
    load.stage = stage
    load.timedOutAt = this.#now
    this.#loads.push(load)
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
    if (this.#styles[caller] === 'get') this.#live.get(service)!.exposed = true
    else this.#holders.set(caller, service)
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
    const instance = this.#live.get(service) ?? { owned, exposed: false, retiredAt: this.#now }
    this.#live.set(service, instance)
    return instance
  }

  #discard(service: Service): void {
    if (!this.#live.has(service) && !this.disposed.has(service)) this.#adopt(service, this.#settings.owned)
  }

  /** Ends whatever nobody can be using. */
  #dispose(): void {
    for (const [service, { owned, exposed, retiredAt }] of this.#live) {
      if (this.#isInUse(service)) continue
      const graceIsOver = !exposed || this.#stopped || this.#now >= retiredAt + this.#settings.disposeGraceMs
      if (owned && !graceIsOver) continue
      this.#live.delete(service)
      if (owned) this.disposed.add(service)
    }
  }

  #isInUse(service: Service): boolean {
    return (
      this.current === service ||
      [...this.#holders.values()].includes(service) ||
      this.#loads.some((load) => load.suspect === service && (!load.answered || load.stage === 'checking the suspect'))
    )
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
        if (step.do === 'advance') await rig.clock.advanceAsync(step.ms)
        else rules.run(step)
        for (let turn = 0; turn < (turnCount ?? 0); turn++) await Promise.resolve()
        if (turnCount === undefined) await rig.clock.settle()
        if (rules.violations.length > 0) break
      }
      await rig.finish()
      rules.end()
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
        const subject = step.do === 'advance' ? undefined : rules.run(step)
        const callerIndex = rig.callers.indexOf(subject as Caller)
        await rig.clock.settle()
        reference.run(step, subject, callerIndex)
        expect(stateOf(rig)).toEqual(stateExpectedBy(reference))
        expect(rules.violations).toEqual([])
      }
      for (const [index, step] of commands.entries()) {
        if (index === stop) await perform({ do: 'stop' })
        await perform(step)
      }
      await rig.finish()
      rules.end()
      expect(rules.violations).toEqual([])
      return commands.length
    })
    expect(steps).toBeGreaterThanOrEqual(STEPS)
  },
  PATIENCE_MS,
)

function stateOf({ cache, clock, callers, gets, checks, disposed }: Rig): unknown {
  return {
    current: cache.current?.service.id,
    fresh: cache.fresh(clock.now())?.service.id,
    loading: cache.loading,
    outcomes: callers.map(({ outcome }) => outcome),
    gets: gets.length,
    checks: checks.map(({ service }) => service?.id),
    disposed: disposed.map(({ id }) => id).sort((a, b) => a - b),
  }
}

function stateExpectedBy({ current, fresh, loading, outcomes, gets, checks, disposed }: Reference): unknown {
  return {
    current: current?.id,
    fresh: fresh?.id,
    loading,
    outcomes,
    gets: gets.length,
    checks: checks.map(({ stage, suspect, candidate }) => (stage === 'checking the suspect' ? suspect : candidate)?.id),
    disposed: [...disposed].map(({ id }) => id).sort((a, b) => a - b),
  }
}
