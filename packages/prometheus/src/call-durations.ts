import type { ServiceProxyManager } from '@svcproxy/core'
import type { CallOutcome, CallSource, CallTrace } from '@svcproxy/core/adapter'
import type { PrometheusHistogram } from './prometheus-client.ts'

/** The histograms that {@link CallDurations} fills. */
export interface CallHistograms {
  readonly durations: PrometheusHistogram
  readonly queueWaits: PrometheusHistogram
}

/** Records the calls of a manager's proxies in histograms. */
export class CallDurations<M extends object> {
  readonly #manager: ServiceProxyManager<M>
  readonly #histograms: CallHistograms
  readonly #services = new Map<string, DurationsOfService>()

  constructor(manager: ServiceProxyManager<M>, histograms: CallHistograms) {
    this.#manager = manager
    this.#histograms = histograms
  }

  /** Records a call that has ended. Calls of proxies that the manager does not have, or no longer has, are ignored. */
  record(trace: CallTrace): void {
    const { outcome, durationMs, queuedMs } = trace
    if (outcome === undefined || durationMs === undefined) return
    const durations = this.#durationsOf(trace)
    durations?.observe(trace, outcome, durationMs / 1000)
    if (queuedMs !== undefined) durations?.observeQueueWait(queuedMs / 1000)
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
    // An earlier proxy of the same name was removed: its series belong to the past.
    known?.remove()
    const durations = new DurationsOfService(service, current, this.#histograms)
    this.#services.set(service, durations)
    return durations
  }

  #current(name: string): object | undefined {
    return this.#manager.has(name) ? this.#manager.getProxy(name) : undefined
  }
}

/** One series of a histogram. */
type Observer = ReturnType<PrometheusHistogram['labels']>

/**
 * The series of one method. Each is created with the first call of its kind and kept, because looking it up by its
 * labels takes longer.
 */
type SeriesOfMethod = Partial<Record<CallOutcome, Partial<Record<CallSource, Observer>>>>

class DurationsOfService {
  readonly proxy: object
  readonly #service: string
  readonly #histograms: CallHistograms
  /** By the method label. */
  readonly #series = new Map<string, SeriesOfMethod>()
  readonly #labels: Record<string, string>[] = []
  /** Created with the first call that was queued. */
  #queueWaits: Observer | undefined

  constructor(service: string, proxy: object, histograms: CallHistograms) {
    this.#service = service
    this.proxy = proxy
    this.#histograms = histograms
  }

  observe({ methodLabel, source }: CallTrace, outcome: CallOutcome, seconds: number): void {
    const observer = this.#series.get(methodLabel)?.[outcome]?.[source] ?? this.#observer(methodLabel, outcome, source)
    observer.observe(seconds)
  }

  observeQueueWait(seconds: number): void {
    this.#queueWaits ??= this.#histograms.queueWaits.labels({ service: this.#service })
    this.#queueWaits.observe(seconds)
  }

  remove(): void {
    for (const labels of this.#labels) this.#histograms.durations.remove(labels)
    this.#histograms.queueWaits.remove({ service: this.#service })
  }

  #observer(method: string, outcome: CallOutcome, source: CallSource): Observer {
    const ofMethod = this.#series.get(method) ?? {}
    this.#series.set(method, ofMethod)
    const ofOutcome = (ofMethod[outcome] ??= {})
    return (ofOutcome[source] ??= this.#make({ service: this.#service, method, outcome, source }))
  }

  #make(labels: Record<string, string>): Observer {
    this.#labels.push(labels)
    return this.#histograms.durations.labels(labels)
  }
}
