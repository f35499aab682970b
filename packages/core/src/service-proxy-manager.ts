import type { CircuitState } from './circuit/state-machine.ts'
import { InvalidOptionError, UnknownServiceError } from './errors.ts'
import { ServiceEvents } from './observing/events.ts'
import type { ServiceEvent, ServiceEventListener, ServiceEventType } from './observing/events.ts'
import { fleetOf, isFleetHealthy } from './fleet.ts'
import type { FleetCounts, FleetState, ManagedFleet, SharedCircuitView } from './fleet.ts'
import type { Guarded } from './facade/guarded.ts'
import type { ServiceMetrics } from './observing/service-metrics.ts'
import { MAX_TIMER_MS, systemClock } from './clock.ts'
import type { Clock } from './clock.ts'
import { checkServiceName } from './names.ts'
import { numberOption } from './option-checks.ts'
import { ServiceProxy } from './service-proxy.ts'
import { admitsAllCalls } from './service-status.ts'
import type { CallerOptions, StopOptions } from './options/caller-options.ts'
import { checkSettings, mergeSettings } from './options/service-proxy-options.ts'
import type { ProxySettings, ServiceProxyOptions } from './options/service-proxy-options.ts'

/** A manager's type before the first service is added. */
export interface NoServices {}

/** The guarded services of a manager, by name. */
export type GuardedServices<M> = { readonly [K in keyof M]: Guarded<M[K]> }

/** The key of the caller in a caller's map of services. */
const CALLER = Symbol('svcproxy.caller')

/** The services of one caller; each facade is created when it is first read. */
interface CallerServices {
  [CALLER]: CallerOptions
  /** A facade, under a key that only its service has. */
  [facade: symbol]: unknown
}

/** `pass`: healthy. `warn`: something is unhealthy, but the application can work. `fail`: it cannot. */
export type HealthLevel = 'pass' | 'warn' | 'fail'

/** The health of one service. */
export interface ServiceHealth {
  /**
   * `fail` only for a critical service that is unhealthy; `warn` for any other unhealthy service, and for a circuit
   * that is not closed.
   */
  readonly status: HealthLevel
  /** The result of the service's health check. */
  readonly healthy: boolean
  /** The state of its circuit; `disabled`: it has none. */
  readonly circuitState: CircuitState | 'disabled'
  /** Whether the application is not ready without it. */
  readonly critical: boolean
}

/** Options of {@link ServiceProxyManager.getHealthStatus}. */
export interface HealthStatusOptions {
  /**
   * How long to wait for the health checks, in milliseconds: a service whose check takes longer is unhealthy. For callers
   * that cannot wait as long as the deadlines of the services.
   * @defaultValue each service's deadline  @throws {@link InvalidOptionError} (as a rejection) when not in 1 … 2 147 483 647
   */
  readonly timeoutMs?: number
}

/** The health of a process in its fleet. */
export interface FleetHealth {
  /** `warn` while it does not receive the messages of the others: it works by itself. */
  readonly status: HealthLevel
  /** Whether it receives the messages of the others. */
  readonly state: FleetState
  /** When it entered that state. */
  readonly since: Date
  /** The number of live members, as of the last heartbeat; 0 before the first. */
  readonly members: number
  /** The circuits that the fleet shares, and who probes. */
  readonly circuits: readonly SharedCircuitView[]
  /** Invalidations made here that have not been sent to the fleet yet. */
  readonly queuedInvalidations: number
  /** Its counters. */
  readonly counts: FleetCounts
}

/** The health of all services of a manager. */
export interface HealthStatus {
  /** The worst status of all services and of the fleet; `fail` while the manager is stopping. */
  readonly status: HealthLevel
  /** Whether the manager was told to stop. */
  readonly stopping: boolean
  /** The health of each service, by name. */
  readonly services: Readonly<Record<string, ServiceHealth>>
  /** The health of the process in its fleet; undefined: it is in none. */
  readonly fleet?: FleetHealth | undefined
}

/** What can be done with a proxy of any service. */
type AnyServiceProxy = Pick<
  ServiceProxy<unknown>,
  | 'circuitState'
  | 'onAny'
  | 'critical'
  | 'checkHealth'
  | 'getMetrics'
  | 'invalidateCache'
  | 'resetCircuitBreaker'
  | 'serviceWith'
  | 'getStatus'
  | 'stop'
>

/**
 * All proxies of a process: their names, defaults, metrics, health and shutdown. `M` maps the names to the types of the
 * services; {@link ServiceProxyManager.add} widens it.
 */
export class ServiceProxyManager<M extends object = NoServices> implements AsyncDisposable {
  readonly #defaults: ProxySettings
  readonly #proxies = new Map<string, AnyServiceProxy>()
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- filled by createProxy; no prototype, so a name can only be a service
  readonly #services = Object.create(null) as GuardedServices<M>
  /** All maps of {@link ServiceProxyManager.servicesWith} inherit from it. */
  readonly #callerServices: object = { __proto__: null }
  /** The events of all proxies; created with the first listener. */
  #events: ServiceEvents | undefined
  #stopped: Promise<void> | undefined

  /**
   * @param defaults settings for all proxies; a service's own settings take precedence
   * @throws {@link InvalidOptionError}
   */
  constructor(defaults: ProxySettings = {}) {
    checkSettings(defaults)
    this.#defaults = { ...defaults }
  }

  /** The guarded services by name, with their own interfaces: what request handlers use. */
  get services(): GuardedServices<M> {
    return this.#services
  }

  /**
   * The services for one caller, a request for example: their calls abort with the caller's signal. Costs almost
   * nothing: the facade of a service is created when it is first read, and kept.
   * @param options its `signal` is read at each call, so a getter may create the signal when it is first needed
   */
  servicesWith(options: CallerOptions): GuardedServices<M> {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what it inherits is filled by createProxy
    const services = Object.create(this.#callerServices) as GuardedServices<M> & CallerServices
    services[CALLER] = options
    return services
  }

  /** The names of all services, in the order they were added. */
  get names(): (keyof M & string)[] {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- M is what was added
    return [...this.#proxies.keys()] as (keyof M & string)[]
  }

  /** The clock of its defaults, for what works across services: a history of them, for example. */
  get clock(): Clock {
    return this.#defaults.clock ?? systemClock
  }

  /** The fleet that this manager has joined; undefined: none. */
  get fleet(): ManagedFleet | undefined {
    return fleetOf(this)
  }

  /** Whether {@link ServiceProxyManager.stop} was called. */
  get stopping(): boolean {
    return this.#stopped !== undefined
  }

  /**
   * {@link ServiceProxyManager.createProxy} for chaining: returns this manager, typed with one more service. A name
   * that is taken does not compile.
   * @throws {@link InvalidOptionError} when the name is taken or an option is out of bounds
   */
  add<N extends string, T>(
    name: N extends keyof M ? never : N,
    options: ServiceProxyOptions<T>,
  ): ServiceProxyManager<M & { readonly [K in N]: T }> {
    this.createProxy(name, options)
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it has one service more now
    return this as unknown as ServiceProxyManager<M & { readonly [K in N]: T }>
  }

  /**
   * Creates the proxy of a service.
   * @throws {@link InvalidOptionError} when the name is taken or an option is out of bounds
   */
  createProxy<T>(name: string, options: ServiceProxyOptions<T>): ServiceProxy<T> {
    checkServiceName(name)
    if (this.#stopped !== undefined) throw new InvalidOptionError('name', 'added before the manager is stopped', name)
    if (this.#proxies.has(name)) throw new InvalidOptionError('name', 'a name that is not taken yet', name)
    const proxy = new ServiceProxy<T>(name, mergeSettings(this.#defaults, options))
    this.#proxies.set(name, proxy)
    Object.defineProperty(this.#services, name, { get: () => proxy.service, enumerable: true, configurable: true })
    Object.defineProperty(this.#callerServices, name, facadeForCaller(name, proxy))
    if (this.#events !== undefined) this.#relay(proxy, this.#events)
    return proxy
  }

  /** The proxy of the service `name`. @throws {@link UnknownServiceError} */
  getProxy<N extends keyof M & string>(name: N): ServiceProxy<M[N]> {
    const proxy = this.#proxies.get(name)
    if (proxy === undefined) throw new UnknownServiceError(name, this.names)
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- M says what was added under this name
    return proxy as ServiceProxy<M[N]>
  }

  /** Whether there is a service of this name. */
  has(name: string): name is keyof M & string {
    return this.#proxies.has(name)
  }

  /**
   * Stops a proxy and removes it; its name can be used again.
   * @throws {@link UnknownServiceError}
   */
  async removeProxy(name: keyof M & string, options?: StopOptions): Promise<void> {
    const proxy = this.getProxy(name)
    this.#proxies.delete(name)
    Reflect.deleteProperty(this.#services, name)
    Reflect.deleteProperty(this.#callerServices, name)
    await proxy.stop(options)
  }

  /**
   * Serves `substitute` instead of a service until the handle is disposed; for tests.
   * @throws {@link UnknownServiceError}
   */
  override<N extends keyof M & string>(name: N, substitute: M[N]): Disposable {
    return this.getProxy(name).override(substitute)
  }

  /**
   * {@link ServiceProxy.on} for all proxies, including those created later. Called after the proxy's own listeners for
   * the type.
   */
  on<K extends ServiceEventType>(type: K, listener: ServiceEventListener<K>): () => void {
    return this.#allEvents.on(type, listener)
  }

  /** {@link ServiceProxy.onAny} for all proxies, including those created later. */
  onAny(listener: (event: ServiceEvent) => void): () => void {
    return this.#allEvents.onAny(listener)
  }

  /** {@link ServiceProxy.invalidateCache} of all services. */
  invalidateAllCaches(): void {
    for (const proxy of this.#proxies.values()) proxy.invalidateCache()
  }

  /** {@link ServiceProxy.resetCircuitBreaker} of all services that have a circuit. */
  resetAllCircuitBreakers(): void {
    for (const proxy of this.#proxies.values()) proxy.resetCircuitBreaker()
  }

  /** {@link ServiceProxy.getMetrics} of all services, by name. */
  getAllMetrics(): Record<string, ServiceMetrics> {
    return Object.fromEntries([...this.#proxies].map(([name, proxy]) => [name, proxy.getMetrics()]))
  }

  /**
   * Checks the health of all services at once. An open circuit or an unhealthy service is `warn`: no reason to take the
   * application out of service. An unhealthy service that is `critical` is `fail`.
   * @throws {@link InvalidOptionError} (as a rejection)
   */
  async getHealthStatus({ timeoutMs }: HealthStatusOptions = {}): Promise<HealthStatus> {
    const bounded = numberOption('timeoutMs', timeoutMs, { min: 1, max: MAX_TIMER_MS }, MAX_TIMER_MS)
    const checks = [...this.#proxies].map(async ([name, proxy]) => [name, await healthOf(proxy, bounded)] as const)
    const services = await Promise.all(checks)
    const fleet = this.fleet && healthOfFleet(this.fleet)
    const levels = [...services.map(([, { status }]) => status), fleet?.status ?? 'pass']
    return {
      status: this.stopping ? 'fail' : worstOf(levels),
      stopping: this.stopping,
      services: Object.fromEntries(services),
      ...(fleet && { fleet }),
    }
  }

  /**
   * Stops all proxies at once, see {@link ServiceProxy.stop}, and leaves the fleet. Calling it again returns the same
   * promise. Rejects with the first error, after everything has ended.
   */
  stop(options?: StopOptions): Promise<void> {
    this.#stopped ??= allEnded([
      ...[...this.#proxies.values()].map((proxy) => proxy.stop(options)),
      ...(this.fleet === undefined ? [] : [this.fleet.leave()]),
    ])
    return this.#stopped
  }

  /** {@link ServiceProxyManager.stop}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  get #allEvents(): ServiceEvents {
    if (this.#events === undefined) {
      this.#events = new ServiceEvents()
      for (const proxy of this.#proxies.values()) this.#relay(proxy, this.#events)
    }
    return this.#events
  }

  #relay(proxy: AnyServiceProxy, events: ServiceEvents): void {
    proxy.onAny((event) => events.tell(event))
  }
}

/** Creates the facade when it is first read, and keeps it in the caller's own map. */
function facadeForCaller(name: string, proxy: AnyServiceProxy): PropertyDescriptor & ThisType<CallerServices> {
  const facade = Symbol(name)
  return {
    get() {
      return (this[facade] ??= proxy.serviceWith(this[CALLER]))
    },
    enumerable: true,
    configurable: true,
  }
}

async function healthOf(proxy: AnyServiceProxy, timeoutMs: number): Promise<ServiceHealth> {
  const healthy = await proxy.checkHealth({ timeoutMs })
  const { circuitState, critical } = proxy
  const works = healthy && admitsAllCalls(proxy.getStatus().circuit)
  const unwell = critical && !healthy ? 'fail' : 'warn'
  return { status: works ? 'pass' : unwell, healthy, circuitState, critical }
}

function healthOfFleet({ status }: ManagedFleet): FleetHealth {
  const { state, since, members, circuits, queuedInvalidations, counts } = status
  const level = isFleetHealthy(state) ? 'pass' : 'warn'
  return { status: level, state, since, members: members.length, circuits, queuedInvalidations, counts }
}

function worstOf(levels: readonly HealthLevel[]): HealthLevel {
  if (levels.includes('fail')) return 'fail'
  return levels.includes('warn') ? 'warn' : 'pass'
}

/** Resolves when all have ended; rejects then with the first error. */
async function allEnded(endings: readonly Promise<void>[]): Promise<void> {
  await Promise.allSettled(endings)
  await Promise.all(endings)
}
