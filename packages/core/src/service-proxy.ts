import type { AbortSource } from './attempts/abort-source.ts'
import { atMost } from './at-most.ts'
import { endWithout, OperationCall, type CallAttempt, type ServiceOperation } from './calls/call-attempt.ts'
import { CallLedger } from './calls/call-ledger.ts'
import type {
  CallerOptions,
  CallOptions,
  CheckHealthOptions,
  GetOptions,
  StopOptions,
} from './options/caller-options.ts'
import { GET, isTraced, TracedCall } from './observing/call-trace.ts'
import { Circuit, requiredCircuit } from './circuit/circuit.ts'
import { Guard } from './circuit/guard.ts'
import type { CircuitSnapshot, CircuitState, CircuitTransition } from './circuit/state-machine.ts'
import { MAX_TIMER_MS } from './clock.ts'
import { CapacityError, isRefusal, refusal, StoppedError } from './errors.ts'
import {
  ServiceEvents,
  type ServiceEvent,
  type ServiceEventListener,
  type ServiceEventType,
} from './observing/events.ts'
import { answerInstead } from './calls/fallback.ts'
import type { Guarded } from './facade/guarded.ts'
import { Facades } from './facade/facades.ts'
import { BackgroundMonitor, HealthCheck } from './observing/health.ts'
import type { Acquired } from './instances/flight.ts'
import type { Instance } from './instances/instance-lifetimes.ts'
import { MethodCall } from './facade/method-call.ts'
import type { LatencySummary } from './observing/latency-histogram.ts'
import { RequestCounters, type RequestCounts, type ServiceMetrics } from './observing/service-metrics.ts'
import { checkServiceName } from './names.ts'
import { numberOption } from './option-checks.ts'
import { type Fallback, resolveServiceProxyOptions, type ServiceProxyOptions } from './options/service-proxy-options.ts'
import type { ServiceContext } from './instances/service-context.ts'
import { ServiceResolver } from './instances/service-resolver.ts'
import { settingsOf, statusOf, type ServiceSettings, type ServiceStatus } from './service-status.ts'
import { logTransition } from './observing/transition-log.ts'

/**
 * Stands between callers and a service of type `T`: resolves it when it is first needed, keeps the instance, guards
 * every call with a deadline and a circuit breaker, and counts. Made by {@link createServiceProxy} or by
 * {@link ServiceProxyManager}.
 */
export class ServiceProxy<T> implements AsyncDisposable {
  /** What the service is called: in the manager, metrics and errors. */
  readonly name: string
  readonly #context: ServiceContext<T>
  readonly #resolver: ServiceResolver<T>
  readonly #ledger: CallLedger<T>
  readonly #monitor: BackgroundMonitor | undefined
  #healthCheck: HealthCheck | undefined
  /** Made with the first facade. */
  #facadesMade: Facades<T> | undefined
  #stopped: Promise<void> | undefined

  /** @throws {@link InvalidOptionError} */
  constructor(name: string, serviceOptions: ServiceProxyOptions<T>) {
    checkServiceName(name)
    const options = resolveServiceProxyOptions(serviceOptions)
    const { clock, healthIntervalMs, logger } = options
    const circuit =
      options.circuit &&
      new Circuit({ ...options.circuit, name, clock, onTransition: (to) => this.#circuitChanged(to) })
    const context: ServiceContext<T> = {
      proxy: this,
      settings: options,
      guard: new Guard(name, circuit, options),
      counters: new RequestCounters(clock),
      events: new ServiceEvents(),
    }
    this.name = name
    this.#context = context
    this.#resolver = new ServiceResolver(context)
    this.#ledger = new CallLedger(context, this.#resolver.lifetimes)
    this.#monitor =
      healthIntervalMs > 0 ? new BackgroundMonitor(clock, healthIntervalMs, () => this.#probe()) : undefined
    if (logger !== undefined)
      this.onAny((event) => logTransition(logger, event, this.#context.guard.circuit?.lastError))
  }

  /** `disabled`: the proxy has no circuit. */
  get circuitState(): CircuitState | 'disabled' {
    return this.#context.guard.circuit?.state ?? 'disabled'
  }

  /** How long until the circuit may admit a call, in milliseconds: 0 when it would now, undefined while isolated. */
  get retryAfterMs(): number | undefined {
    return this.#context.guard.circuit === undefined ? 0 : this.#context.guard.circuit.retryAfterMs
  }

  /** Whether the application is not ready without this service. */
  get critical(): boolean {
    return this.#context.settings.critical
  }

  /** The service's own interface: every method guarded by this proxy and returning a promise. */
  get service(): Guarded<T> {
    return this.#facades.shared(() => this.serviceWith({}))
  }

  /**
   * {@link ServiceProxy.service} for one caller, a request for example: its calls end with the caller's signal.
   * @param options its `signal` is read at each call, so a getter may make the signal when it is first needed
   */
  serviceWith(options: CallerOptions): Guarded<T> {
    return this.#facades.forCaller((member, args) => {
      const call = new MethodCall(this.#ledger, options.signal, member, args)
      return call.answered(this.#call(call, undefined))
    })
  }

  /**
   * The service itself, healthy when it was loaded. Calls made on it directly are not guarded; prefer
   * {@link ServiceProxy.service} and {@link ServiceProxy.call}.
   * @throws (as rejections) {@link CircuitOpenError}, {@link ServiceUnavailableError}, {@link ServiceTimeoutError},
   *   {@link StoppedError}; `signal.reason`
   */
  get(options?: GetOptions): Promise<T> {
    const ready = options?.signal?.aborted === true ? undefined : this.#resolver.ready
    if (ready === undefined || isTraced()) return this.#tracedGet(options?.signal, this.#context.settings.fallback)
    ready.exposed = true
    this.#context.counters.hit()
    return ready.promise
  }

  /** {@link ServiceProxy.get}, with what `fallback` returns in place of an error. The caller's own abort stays an error. */
  getWithFallback(fallback: Fallback<T>, options?: GetOptions): Promise<T> {
    return this.#tracedGet(options?.signal, fallback)
  }

  /**
   * Runs `operation` on the service, guarded. What it rejects with reaches the caller unchanged.
   * @throws (as rejections) {@link CircuitOpenError}, {@link ServiceTimeoutError}, {@link ServiceUnavailableError},
   *   {@link CapacityError}, {@link StoppedError}; `signal.reason`
   */
  call<R>(operation: ServiceOperation<T, R>, options?: CallOptions<R>): Promise<R> {
    return this.#call(new OperationCall(this.#ledger, options?.signal, operation), options?.fallback)
  }

  /**
   * Whether the service is well. The check is shared by concurrent callers, runs under the deadline of the service, and
   * its result is good for one second. Never rejects, unless `timeoutMs` is out of bounds.
   */
  async checkHealth({ timeoutMs }: CheckHealthOptions = {}): Promise<boolean> {
    const waitMs = numberOption('timeoutMs', timeoutMs, { min: 1, max: MAX_TIMER_MS }, MAX_TIMER_MS)
    return this.#stopped === undefined && this.#health.check(Math.min(waitMs, this.#context.settings.timeoutMs))
  }

  /** What it has counted and measured since it was made; a snapshot, made when it is asked for. */
  getMetrics(): ServiceMetrics {
    return this.#context.counters.snapshot(this.circuitState)
  }

  /** The counts of {@link ServiceProxy.getMetrics} alone: cheap enough to be read often, for many services. */
  getCounts(): RequestCounts {
    return this.#context.counters.counts()
  }

  /** The `overallLatency` of {@link ServiceProxy.getMetrics} alone. */
  getOverallLatency(): LatencySummary {
    return this.#context.counters.overallLatency()
  }

  /** Where the service stands now: its circuit, cache and health, and what it last failed with. */
  getStatus(): ServiceStatus {
    return statusOf({
      clock: this.#context.settings.clock,
      circuit: this.#context.guard.circuit,
      cache: this.#resolver.cache,
      lastHealth: this.#healthCheck?.last,
      lastFailure: this.#context.counters.lastFailure,
      stopped: this.#stopped !== undefined,
    })
  }

  /** How the proxy is set up, defaults filled in. */
  get settings(): ServiceSettings {
    return settingsOf(this.#context.settings)
  }

  /** The cached instance is never served again, not even as a fallback; nor is one that is being loaded. */
  invalidateCache(): void {
    this.#resolver.cache.invalidate()
    this.#context.counters.invalidated()
    this.#context.events.emit({ type: 'invalidate', service: this.name })
  }

  /** The cached instance is stale from now on: served only where `staleWhileRevalidateMs` or `staleIfErrorMs` allow it. */
  expireCache(): void {
    this.#resolver.cache.expire()
    this.#context.events.emit({ type: 'expire', service: this.name })
  }

  /** Closes the circuit and forgets what it counted. An isolated circuit stays isolated. */
  resetCircuitBreaker(): void {
    this.#context.guard.circuit?.reset()
  }

  /**
   * Holds the circuit open until the handle is disposed; with several handles, until the last one is.
   * @throws {@link InvalidOptionError} when the proxy has no circuit
   */
  isolateCircuit(): Disposable {
    return requiredCircuit(this.#context.guard.circuit, this.name).isolate()
  }

  /** The circuit's state as plain data, to be taken over elsewhere. @throws {@link InvalidOptionError} when the proxy has no circuit */
  exportCircuit(): CircuitSnapshot {
    return requiredCircuit(this.#context.guard.circuit, this.name).exportState()
  }

  /** Takes over a circuit's state: open with 10 s left there is open with 10 s left here. @throws {@link InvalidOptionError} */
  importCircuit(snapshot: CircuitSnapshot): void {
    requiredCircuit(this.#context.guard.circuit, this.name).importState(snapshot)
  }

  /** Serves `substitute` in place of the service until the handle is disposed; for tests. It is never disposed. */
  override(substitute: T): Disposable {
    const { cache, lifetimes } = this.#resolver
    return { [Symbol.dispose]: cache.pin(lifetimes.adopt(substitute, false)) }
  }

  /** Adds a listener; returns the function that takes it away. What a listener throws changes nothing. */
  on<K extends ServiceEventType>(type: K, listener: ServiceEventListener<K>): () => void {
    return this.#context.events.on(type, listener)
  }

  /** {@link ServiceProxy.on} for events of every type, also of those to come. */
  onAny(listener: (event: ServiceEvent) => void): () => void {
    return this.#context.events.onAny(listener)
  }

  /**
   * Takes no new work, waits for what is under way, disposes owned instances and ends all background work. What is still
   * in use at the end of `timeoutMs` is disposed when it is let go. Calling it again returns the same promise.
   */
  stop(options: StopOptions = {}): Promise<void> {
    this.#stopped ??= this.#stop(numberOption('timeoutMs', options.timeoutMs, { min: 0, max: MAX_TIMER_MS }, 10_000))
    return this.#stopped
  }

  /** {@link ServiceProxy.stop}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  #tracedGet(signal: AbortSource | undefined, fallback: Fallback<T> | undefined): Promise<T> {
    if (!isTraced()) return this.#get(signal, fallback)
    const trace = new TracedCall(this, GET, this.#context.counters)
    return trace.run(this.#context.settings.clock, () => this.#get(signal, fallback, trace))
  }

  async #get(signal: AbortSource | undefined, fallback: Fallback<T> | undefined, trace?: TracedCall): Promise<T> {
    const { clock } = this.#context.settings
    this.#context.counters.begin()
    try {
      const instance = await this.#acquire(signal, trace)
      instance.exposed = true
      this.#resolver.lifetimes.release(instance)
      this.#context.counters.settle('fulfilled', 'success', clock.now(), undefined)
      trace?.settled('fulfilled', 'success')
      return instance.service
    } catch (error) {
      const end = endWithout(error, signal)
      this.#context.counters.settle(end, 'failure', clock.now(), error)
      trace?.settled(end, 'failure')
      if (fallback === undefined || end === 'aborted') throw error
      return answerInstead(this.#context, { error, fallback, signal, trace })
    }
  }

  #call<R>(attempt: CallAttempt<T, R>, ownFallback: Fallback<R> | undefined): Promise<R> {
    if (!isTraced()) return this.#answer(attempt, ownFallback)
    const trace = (attempt.trace = new TracedCall(this, attempt.method, this.#context.counters))
    return trace.run(this.#context.settings.clock, () => this.#answer(attempt, ownFallback))
  }

  #answer<R>(attempt: CallAttempt<T, R>, ownFallback: Fallback<R> | undefined): Promise<R> {
    const result = this.#start(attempt)
    const substitute = this.#context.settings.fallback
    const fallback = ownFallback ?? (substitute && attempt.onSubstitute(substitute))
    if (fallback === undefined) return result
    return result.catch((error: unknown) => {
      if (!attempt.mayFallBack(error)) throw error
      const { signal, trace } = attempt
      return answerInstead(this.#context, { error, fallback, signal, trace })
    })
  }

  #start<R>(attempt: CallAttempt<T, R>): Promise<R> {
    const { cache, lifetimes } = this.#resolver
    const aborted = attempt.signal?.aborted === true
    const cached = aborted ? undefined : (cache.surelyFresh ?? cache.fresh(attempt.startedAt))
    if (cached !== undefined) {
      this.#context.counters.found('hit')
      lifetimes.lease(cached)
      attempt.use(cached)
      return this.#run(attempt, cached.service)
    }
    if (aborted || this.#stopped !== undefined) return this.#resolveAndRun(attempt)
    if (this.#context.guard.refusesAt(attempt.startedAt)) return this.#context.guard.execute(attempt)
    return this.#context.guard.isTrialAt(attempt.startedAt) ? this.#try(attempt) : this.#resolveAndRun(attempt)
  }

  /** One trial for one call: its permit covers the check of the instance and the work on it. */
  #try<R>(attempt: CallAttempt<T, R>): Promise<R> {
    const heldBack = this.#resolver.heldBackAt(attempt.startedAt)
    if (heldBack !== undefined) {
      this.#context.counters.found('miss')
      attempt.unavailable(heldBack.error, attempt.startedAt)
      return Promise.reject(heldBack.error)
    }
    attempt.preparation = () => this.#found(this.#resolver.acquireInTrial(attempt.signal, attempt.trace), attempt.trace)
    return this.#context.guard.execute(attempt)
  }

  async #resolveAndRun<R>(attempt: CallAttempt<T, R>): Promise<R> {
    let instance: Instance<T>
    try {
      instance = await this.#acquire(attempt.signal, attempt.trace)
    } catch (error) {
      attempt.unavailable(error, this.#context.settings.clock.now())
      throw error
    }
    attempt.useLate(instance)
    return this.#run(attempt, instance.service)
  }

  /** Runs an attempt on an instance that is leased to it. */
  #run<R>(attempt: CallAttempt<T, R>, service: T): Promise<R> {
    const { maxConcurrentCalls } = this.#context.settings
    // A trial is never refused for capacity: it is how places come free that calls without an end still hold.
    const isFull = this.#ledger.runningCalls > maxConcurrentCalls && !this.#context.guard.isTrialAt(attempt.startedAt)
    if (isFull && this.#ledger.isTooMuch(attempt.startedAt)) {
      return attempt.refuse(refusal(() => new CapacityError(this.name, `${maxConcurrentCalls} calls are running`)))
    }
    // The caller's mistake: the circuit does not hear of it.
    const misuse = attempt.misuseOf(service)
    if (misuse !== undefined) return attempt.refuse(misuse)
    return this.#context.guard.execute(attempt)
  }

  async #acquire(signal: AbortSource | undefined, trace: TracedCall | undefined): Promise<Instance<T>> {
    if (this.#stopped !== undefined) throw new StoppedError(this.name)
    return this.#found(this.#resolver.acquire(signal, trace), trace)
  }

  /** Counts where an instance was found. */
  async #found(acquiring: Promise<Acquired<T>>, trace: TracedCall | undefined): Promise<Instance<T>> {
    try {
      const { instance, result } = await acquiring
      this.#context.counters.found(result)
      trace?.found(result)
      return instance
    } catch (error) {
      if (!isRefusal(error)) this.#context.counters.found('miss')
      throw error
    }
  }

  #circuitChanged({ from, to }: CircuitTransition): void {
    // Whatever opened it may have broken the instance: it is served again when it has passed its health check; and when
    // a trial failed on it all the same, it is replaced.
    if (to === 'open' && from === 'half_open') this.#resolver.cache.distrust()
    else if (to === 'open') this.#resolver.cache.suspect()
    this.#context.counters.transition(to)
    this.#context.events.emit({ type: 'circuit', service: this.name, from, to })
  }

  get #facades(): Facades<T> {
    return (this.#facadesMade ??= new Facades(this.name, this.#resolver.cache))
  }

  /** Made when somebody first asks. */
  get #health(): HealthCheck {
    this.#healthCheck ??= new HealthCheck({
      clock: this.#context.settings.clock,
      ask: () => this.#resolver.checkHealth({ counts: false }),
      onChange: (healthy) => this.#context.events.emit({ type: 'health', service: this.name, healthy }),
    })
    return this.#healthCheck
  }

  async #probe(): Promise<void> {
    const healthy = await this.#resolver.probe()
    if (healthy !== undefined) this.#health.record(healthy)
  }

  async #stop(timeoutMs: number): Promise<void> {
    this.#monitor?.stop()
    this.#resolver.cache.stop()
    await atMost(this.#resolver.lifetimes.end(), timeoutMs, this.#context.settings.clock)
    this.#context.guard.dispose()
    this.#context.events.emit({ type: 'stop', service: this.name })
    this.#context.events.clear()
  }
}
