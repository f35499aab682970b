import type { CallOutcome, CallSource, CallTrace, ServiceProxy, ServiceProxyManager } from '@svcproxy/core'
import type { PrometheusHistogram } from './prometheus-client.ts'

/** A method that the service was never seen to run: its name may have come from anywhere. */
const UNKNOWN = '$unknown'
/** What core counts all methods under that come after the first 64. */
const OTHER = '$other'
/** What core names `get()` and `call()`. */
const ITS_OWN: readonly string[] = ['$get', '$call']

/** Takes the calls of a manager's proxies into a histogram. */
export class CallDurations<M extends object> {
  readonly #manager: ServiceProxyManager<M>
  readonly #histogram: PrometheusHistogram
  readonly #services = new Map<string, DurationsOfService>()

  constructor(manager: ServiceProxyManager<M>, histogram: PrometheusHistogram) {
    this.#manager = manager
    this.#histogram = histogram
  }

  /** Takes a call that has ended. Those of proxies that are not the manager's, or no longer, are passed over. */
  record(trace: CallTrace): void {
    const { outcome, durationMs } = trace
    if (outcome === undefined || durationMs === undefined) return
    this.#durationsOf(trace)?.observe(trace, outcome, durationMs / 1000)
  }

  /** Removes the series of a proxy that the manager no longer has. */
  forgetIfRemoved(name: string): void {
    const durations = this.#services.get(name)
    if (durations === undefined || this.#current(name) === durations.proxy) return
    durations.remove()
    this.#services.delete(name)
  }

  /** The same for all proxies. */
  forgetRemoved(): void {
    for (const name of this.#services.keys()) this.forgetIfRemoved(name)
  }

  #durationsOf({ service, proxy }: CallTrace): DurationsOfService | undefined {
    const known = this.#services.get(service)
    if (known?.proxy === proxy) return known
    const current = this.#current(service)
    // A proxy of another manager, or a call that outlived its proxy.
    if (current === undefined || current !== proxy) return undefined
    // A proxy of the same name was removed: its series are not this one's.
    known?.remove()
    const durations = new DurationsOfService(service, current, this.#histogram)
    this.#services.set(service, durations)
    return durations
  }

  #current(name: string): MeasuredProxy | undefined {
    return this.#manager.has(name) ? this.#manager.getProxy(name) : undefined
  }
}

type MeasuredProxy = Pick<ServiceProxy<unknown>, 'getMetrics'>

/** One series of the histogram. */
type Observer = ReturnType<PrometheusHistogram['labels']>

/** The series of one method: made with the first call of each kind, because to look one up by its labels costs more. */
type SeriesOfMethod = Partial<Record<CallOutcome, Partial<Record<CallSource, Observer>>>>

class DurationsOfService {
  readonly proxy: MeasuredProxy
  readonly #service: string
  readonly #histogram: PrometheusHistogram
  /** By the label of the method. */
  readonly #series = new Map<string, SeriesOfMethod>()
  readonly #labels: Record<string, string>[] = []
  #isFull = false

  constructor(service: string, proxy: MeasuredProxy, histogram: PrometheusHistogram) {
    this.#service = service
    this.proxy = proxy
    this.#histogram = histogram
  }

  observe({ method, source }: CallTrace, outcome: CallOutcome, seconds: number): void {
    const known = this.#series.get(method)
    const observer = known?.[outcome]?.[source] ?? this.#observer(this.#labelOf(method, outcome), outcome, source)
    observer.observe(seconds)
  }

  remove(): void {
    for (const labels of this.#labels) this.#histogram.remove(labels)
  }

  #observer(method: string, outcome: CallOutcome, source: CallSource): Observer {
    const ofMethod = this.#series.get(method) ?? {}
    this.#series.set(method, ofMethod)
    const ofOutcome = (ofMethod[outcome] ??= {})
    return (ofOutcome[source] ??= this.#make({ service: this.#service, method, outcome, source }))
  }

  #make(labels: Record<string, string>): Observer {
    this.#labels.push(labels)
    return this.#histogram.labels(labels)
  }

  /**
   * A method's name can be a caller's input: of a call that was refused, or for which no instance could be had, nobody
   * knows whether the service has the method. Core measures only methods that ran, at most 64 of them.
   */
  #labelOf(method: string, outcome: CallOutcome): string {
    if (this.#series.has(method) || ITS_OWN.includes(method)) return method
    if (outcome === 'rejected') return UNKNOWN
    if (this.#isFull) return OTHER
    const { latency } = this.proxy.getMetrics()
    if (Object.hasOwn(latency, method)) return method
    this.#isFull = Object.hasOwn(latency, OTHER)
    return this.#isFull ? OTHER : UNKNOWN
  }
}
