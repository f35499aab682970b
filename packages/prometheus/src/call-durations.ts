import type { ServiceProxyManager } from '@svcproxy/core'
import type { CallOutcome, CallSource, CallTrace } from '@svcproxy/core/adapter'
import type { PrometheusHistogram } from './prometheus-client.ts'

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

  #current(name: string): object | undefined {
    return this.#manager.has(name) ? this.#manager.getProxy(name) : undefined
  }
}

/** One series of the histogram. */
type Observer = ReturnType<PrometheusHistogram['labels']>

/** The series of one method: made with the first call of each kind, because to look one up by its labels costs more. */
type SeriesOfMethod = Partial<Record<CallOutcome, Partial<Record<CallSource, Observer>>>>

class DurationsOfService {
  readonly proxy: object
  readonly #service: string
  readonly #histogram: PrometheusHistogram
  /** By the label of the method. */
  readonly #series = new Map<string, SeriesOfMethod>()
  readonly #labels: Record<string, string>[] = []

  constructor(service: string, proxy: object, histogram: PrometheusHistogram) {
    this.#service = service
    this.proxy = proxy
    this.#histogram = histogram
  }

  observe({ methodLabel, source }: CallTrace, outcome: CallOutcome, seconds: number): void {
    const observer = this.#series.get(methodLabel)?.[outcome]?.[source] ?? this.#observer(methodLabel, outcome, source)
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
}
