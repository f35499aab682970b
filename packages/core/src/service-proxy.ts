import { atMost } from './at-most.ts'
import { OperationCall, type ServiceOperation } from './calls/call-attempt.ts'
import { Requests } from './calls/requests.ts'
import type {
  Caused,
  CallerOptions,
  CallOptions,
  CheckHealthOptions,
  GetOptions,
  StopOptions,
} from './options/caller-options.ts'
import { isTraced } from './observing/call-trace.ts'
import { Circuit, requiredCircuit } from './circuit/circuit.ts'
import type { SharedCircuit } from './circuit/circuit.ts'
import { Guard } from './circuit/guard.ts'
import type { CircuitSnapshot, CircuitState, CircuitTransition } from './circuit/state-machine.ts'
import { MAX_TIMER_MS } from './clock.ts'
import {
  ServiceEvents,
  type ServiceEvent,
  type ServiceEventListener,
  type ServiceEventType,
} from './observing/events.ts'
import type { Guarded } from './facade/guarded.ts'
import { Facades } from './facade/facades.ts'
import { BackgroundMonitor, HealthCheck } from './observing/health.ts'
import { MethodCall } from './facade/method-call.ts'
import type { LatencySummary } from './observing/latency-histogram.ts'
import { RequestCounters, type RequestCounts, type ServiceMetrics } from './observing/service-metrics.ts'
import { checkServiceName } from './names.ts'
import { checkTimeout } from './options/method-policies.ts'
import { checkFits, resolveRetryChoice } from './options/retry-policy.ts'
import { numberOption } from './option-checks.ts'
import { type Fallback, resolveServiceProxyOptions, type ServiceProxyOptions } from './options/service-proxy-options.ts'
import type { ServiceContext } from './instances/service-context.ts'
import { settingsOf, statusOf, type ServiceSettings, type ServiceStatus } from './service-status.ts'
import { logTransition } from './observing/transition-log.ts'

/**
 * Stands between callers and a service of type `T`: loads it when it is first needed, caches the instance, guards every
 * call with a deadline and a circuit breaker, and collects metrics. Created by {@link createServiceProxy} or by
 * {@link ServiceProxyManager}.
 */
export class ServiceProxy<T> implements AsyncDisposable {
  /** The service's name in the manager, in metrics and in errors. */
  readonly name: string
  readonly #context: ServiceContext<T>
  readonly #requests: Requests<T>
  readonly #monitor: BackgroundMonitor | undefined
  #healthCheck: HealthCheck | undefined
  /** Created with the first facade. */
  #facadesMade: Facades<T> | undefined
  #stopped: Promise<void> | undefined

  /** @throws {@link InvalidOptionError} */
  constructor(name: string, serviceOptions: ServiceProxyOptions<T>) {
    checkServiceName(name)
    const options = resolveServiceProxyOptions(serviceOptions)
    const { clock, healthIntervalMs, logger } = options
    const circuit =
      options.circuit &&
      new Circuit({
        ...options.circuit,
        name,
        clock,
        onTransition: (to) => this.#circuitChanged(to),
        onFailures: (consecutive) => this.#context.events.emit({ type: 'failures', service: name, consecutive }),
      })
    const context: ServiceContext<T> = {
      proxy: this,
      settings: options,
      guard: new Guard(name, circuit, options),
      counters: new RequestCounters(clock),
      events: new ServiceEvents(),
    }
    this.name = name
    this.#context = context
    this.#requests = new Requests(context)
    this.#monitor =
      healthIntervalMs > 0 ? new BackgroundMonitor(clock, healthIntervalMs, () => this.#probe()) : undefined
    if (logger !== undefined)
      this.onAny((event) => logTransition(logger, event, this.#context.guard.circuit?.lastError))
  }

  /** The current state of the circuit; `disabled`: the proxy has none. */
  get circuitState(): CircuitState | 'disabled' {
    return this.#context.guard.circuit?.state ?? 'disabled'
  }

  /** How long until the circuit may admit a call, in milliseconds: 0 if it would now, undefined while isolated. */
  get retryAfterMs(): number | undefined {
    return this.#context.guard.circuit === undefined ? 0 : this.#context.guard.circuit.retryAfterMs
  }

  /** Whether the application is not ready without this service. */
  get critical(): boolean {
    return this.#context.settings.critical
  }

  /** The service's own interface; every method is guarded by this proxy and returns a promise. */
  get service(): Guarded<T> {
    return this.#facades.shared(() => this.serviceWith({}))
  }

  /**
   * {@link ServiceProxy.service} for one caller, a request for example: its calls abort with the caller's signal.
   * @param options its `signal` is read at each call, so a getter may create the signal when it is first needed
   * @throws {@link InvalidOptionError}
   */
  serviceWith(options: CallerOptions): Guarded<T> {
    const { timeoutMs } = options
    checkTimeout('timeoutMs', timeoutMs)
    return this.#facades.forCaller((member, args) => {
      const requests = this.#requests
      const call = new MethodCall(requests, options.signal, member, args)
      if (timeoutMs !== undefined) call.timeoutMs = timeoutMs
      return call.answered(requests.run(call, undefined))
    })
  }

  /**
   * The service itself, healthy when it was loaded. Calls made on it directly are not guarded; prefer
   * {@link ServiceProxy.service} and {@link ServiceProxy.call}.
   * @throws (as rejections) {@link CircuitOpenError}, {@link ServiceUnavailableError}, {@link ServiceTimeoutError},
   *   {@link StoppedError}; `signal.reason`
   */
  get(options?: GetOptions): Promise<T> {
    const ready = options?.signal?.aborted === true ? undefined : this.#requests.resolver.ready
    if (ready === undefined || isTraced()) return this.#requests.get(options?.signal, this.#context.settings.fallback)
    ready.exposed = true
    this.#context.counters.hit()
    return ready.promise
  }

  /**
   * {@link ServiceProxy.get}, but resolves to the result of `fallback` in place of an error. The caller's own abort
   * still rejects.
   */
  getWithFallback(fallback: Fallback<T>, options?: GetOptions): Promise<T> {
    return this.#requests.get(options?.signal, fallback)
  }

  /**
   * Runs `operation` on the service, guarded. An error of the operation reaches the caller unchanged.
   * @throws (as rejections) {@link CircuitOpenError}, {@link ServiceTimeoutError}, {@link ServiceUnavailableError},
   * {@link CapacityError}, {@link StoppedError}, {@link InvalidOptionError}; `signal.reason`
   */
  call<R>(operation: ServiceOperation<T, R>, options?: CallOptions<R>): Promise<R> {
    if (options?.timeoutMs !== undefined || options?.retry !== undefined) return this.#callBy(operation, options)
    const requests = this.#requests
    return requests.run(new OperationCall(requests, options?.signal, operation), options?.fallback)
  }

  /**
   * Whether the service is healthy. Concurrent callers share one check, which runs under the service's deadline; its
   * result is reused for one second.
   * @throws {@link InvalidOptionError} (as a rejection) when `timeoutMs` is out of bounds; never rejects otherwise
   */
  async checkHealth({ timeoutMs }: CheckHealthOptions = {}): Promise<boolean> {
    const waitMs = numberOption('timeoutMs', timeoutMs, { min: 1, max: MAX_TIMER_MS }, MAX_TIMER_MS)
    return this.#stopped === undefined && this.#health.check(Math.min(waitMs, this.#context.settings.timeoutMs))
  }

  /** A snapshot of what it has counted and measured since it was created. */
  getMetrics(): ServiceMetrics {
    return this.#context.counters.snapshot(this.circuitState)
  }

  /** Only the counts of {@link ServiceProxy.getMetrics}: cheap enough to be read often, for many services. */
  getCounts(): RequestCounts {
    return this.#context.counters.counts()
  }

  /** Only the `overallLatency` of {@link ServiceProxy.getMetrics}. */
  getOverallLatency(): LatencySummary {
    return this.#context.counters.overallLatency()
  }

  /** The current state of the service: its circuit, cache and health, and the last failed request. */
  getStatus(): ServiceStatus {
    return statusOf({
      clock: this.#context.settings.clock,
      circuit: this.#context.guard.circuit,
      cache: this.#requests.resolver.cache,
      lastHealth: this.#healthCheck?.last,
      retryBudget: this.#requests.retries?.budget(this.#context.settings.clock.now()),
      lastFailure: this.#context.counters.lastFailure,
      stopped: this.#stopped !== undefined,
    })
  }

  /** The settings of the proxy, with defaults filled in. */
  get settings(): ServiceSettings {
    return settingsOf(this.#context.settings)
  }

  /** The cached instance is never served again, not even when loading fails; nor is one that is being loaded. */
  invalidateCache({ cause = 'process' }: Caused = {}): void {
    this.#requests.resolver.cache.invalidate()
    this.#context.counters.invalidated()
    this.#context.events.emit({ type: 'invalidate', service: this.name, cause })
  }

  /**
   * The cached instance is stale from now on: it is served only where `staleWhileRevalidateMs` or `staleIfErrorMs`
   * allow it.
   */
  expireCache({ cause = 'process' }: Caused = {}): void {
    this.#requests.resolver.cache.expire()
    this.#context.events.emit({ type: 'expire', service: this.name, cause })
  }

  /** Closes the circuit and resets its counts. An isolated circuit stays isolated. */
  resetCircuitBreaker({ cause = 'process' }: Caused = {}): void {
    this.#context.guard.circuit?.reset(cause)
  }

  /**
   * Holds the circuit open until the handle is disposed; with several handles, until the last one is.
   * @throws {@link InvalidOptionError} when the proxy has no circuit
   */
  isolateCircuit(): Disposable {
    return requiredCircuit(this.#context.guard.circuit, this.name).isolate()
  }

  /**
   * The circuit itself, for a coordinator of several processes: to hold it open, to let it make trials, to release it.
   * Undefined: the proxy has none.
   */
  get sharedCircuit(): SharedCircuit | undefined {
    return this.#context.guard.circuit
  }

  /**
   * The circuit's state as plain data, to be imported elsewhere.
   * @throws {@link InvalidOptionError} when the proxy has no circuit
   */
  exportCircuit(): CircuitSnapshot {
    return requiredCircuit(this.#context.guard.circuit, this.name).exportState()
  }

  /**
   * Takes over a circuit's state: open with 10 s left there is open with 10 s left here.
   * @throws {@link InvalidOptionError} when the proxy has no circuit, or `snapshot` is not what
   * {@link ServiceProxy.exportCircuit} returns
   */
  importCircuit(snapshot: CircuitSnapshot): void {
    requiredCircuit(this.#context.guard.circuit, this.name).importState(snapshot)
  }

  /**
   * Serves `substitute` instead of the service until the handle is disposed; for tests. The substitute is never
   * disposed.
   */
  override(substitute: T): Disposable {
    const { cache, lifetimes } = this.#requests.resolver
    return { [Symbol.dispose]: cache.pin(lifetimes.adopt(substitute, false)) }
  }

  /**
   * Adds a listener; returns the function that removes it. An error that a listener throws affects nothing; it is
   * published on the diagnostics channel `svcproxy:listener-error`.
   */
  on<K extends ServiceEventType>(type: K, listener: ServiceEventListener<K>): () => void {
    return this.#context.events.on(type, listener)
  }

  /** {@link ServiceProxy.on} for events of every type, including types that are added later. */
  onAny(listener: (event: ServiceEvent) => void): () => void {
    return this.#context.events.onAny(listener)
  }

  /**
   * Takes no new calls, waits for those in flight, disposes owned instances and ends all background work. Instances
   * that are still in use after `timeoutMs` are disposed when they are released. Calling it again returns the same
   * promise.
   */
  stop(options: StopOptions = {}): Promise<void> {
    this.#stopped ??= this.#stop(numberOption('timeoutMs', options.timeoutMs, { min: 0, max: MAX_TIMER_MS }, 10_000))
    return this.#stopped
  }

  /** {@link ServiceProxy.stop}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  /** A call with options of its own. */
  async #callBy<R>(operation: ServiceOperation<T, R>, options: CallOptions<R>): Promise<R> {
    const { timeoutMs, signal, fallback } = options
    const { retry: defaults, requestTimeoutMs } = this.#context.settings.calls
    checkTimeout('timeoutMs', timeoutMs)
    const retry = resolveRetryChoice('retry', options.retry, defaults)
    if (retry !== undefined) checkFits('retry', retry, requestTimeoutMs)
    const call = new OperationCall(this.#requests, signal, operation)
    if (timeoutMs !== undefined) call.timeoutMs = timeoutMs
    if (retry !== undefined) call.retry = retry
    return this.#requests.run(call, fallback)
  }

  #circuitChanged({ from, to, cause }: CircuitTransition): void {
    const observed = this.#context.guard.circuit?.isObserving === true
    if (to === 'isolated' || (to === 'open' && !observed)) this.#requests.refuseQueued()
    // Whatever opened the circuit may have broken the instance: it has to pass its health check before it is served
    // again. If a trial fails on it after that, it is replaced.
    if (to === 'open' && !observed) {
      if (from === 'half_open') this.#requests.resolver.cache.distrust()
      else this.#requests.resolver.cache.suspect()
    }
    this.#context.counters.transition(to)
    this.#context.events.emit({ type: 'circuit', service: this.name, from, to, observed, cause })
  }

  get #facades(): Facades<T> {
    return (this.#facadesMade ??= new Facades(this.name, this.#requests.resolver.cache))
  }

  /** Created when somebody first asks. */
  get #health(): HealthCheck {
    this.#healthCheck ??= new HealthCheck({
      clock: this.#context.settings.clock,
      ask: () => this.#requests.resolver.checkHealth({ counts: false }),
      onChange: (healthy) => this.#context.events.emit({ type: 'health', service: this.name, healthy }),
    })
    return this.#healthCheck
  }

  async #probe(): Promise<void> {
    const healthy = await this.#requests.resolver.probe()
    if (healthy !== undefined) this.#health.record(healthy)
  }

  async #stop(timeoutMs: number): Promise<void> {
    this.#monitor?.stop()
    this.#requests.stop()
    await atMost(this.#requests.resolver.lifetimes.end(), timeoutMs, this.#context.settings.clock)
    this.#context.guard.dispose()
    this.#requests.dispose()
    this.#context.events.emit({ type: 'stop', service: this.name })
    this.#context.events.clear()
  }
}
