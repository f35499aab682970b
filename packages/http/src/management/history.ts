import type { Clock, RequestCounts } from '@svcproxy/core'
import type { ManagedProxy, ManagedServices } from './managed-services.ts'
import { type RequestHistory, RATE_WINDOW_MS } from './snapshot.ts'

/** The length of an interval of {@link RequestHistory}, in milliseconds. */
const INTERVAL_MS = 5_000
/** How many intervals are kept: five minutes. */
const INTERVALS = 60
/** Intervals in the window of the rate. */
const RATE_INTERVALS = RATE_WINDOW_MS / INTERVAL_MS

const NOTHING: RequestHistory = { intervalMs: INTERVAL_MS, requests: [], failures: [], rejections: [] }

/** Samples the counts of all services at the end of each interval, until their manager stops. */
export class HistorySampler {
  /** Weak, so that sampling alone does not keep a manager in memory. */
  readonly #services: WeakRef<ManagedServices>
  readonly #clock: Clock
  #byName = new Map<string, ServiceHistory>()
  #sampledAt: number
  /** The actual lengths of the last intervals, the newest last. */
  #durations: number[] = []

  constructor(services: ManagedServices, clock: Clock) {
    this.#services = new WeakRef(services)
    this.#clock = clock
    this.#sampledAt = clock.now()
    for (const proxy of services.all()) this.#byName.set(proxy.name, new ServiceHistory(proxy, proxy.getCounts()))
    this.#schedule()
  }

  /** The last intervals; empty for a service that is newer than the last sample. */
  historyOf(proxy: ManagedProxy): RequestHistory {
    return this.#find(proxy)?.history ?? NOTHING
  }

  /** Undefined before the second sample. */
  requestsPerSecond(proxy: ManagedProxy): number | undefined {
    const { requests } = this.#find(proxy)?.history ?? NOTHING
    const recent = requests.slice(-RATE_INTERVALS)
    if (recent.length === 0) return undefined
    const seconds = sum(this.#durations.slice(-recent.length)) / 1_000
    return Math.round((sum(recent) / seconds) * 100) / 100
  }

  #find(proxy: ManagedProxy): ServiceHistory | undefined {
    const known = this.#byName.get(proxy.name)
    return known?.proxy === proxy ? known : undefined
  }

  #schedule(): void {
    this.#clock.setTimer(() => {
      const services = this.#services.deref()
      if (services === undefined || services.stopping) return
      this.#sample(services)
      this.#schedule()
    }, INTERVAL_MS)
  }

  #sample(services: ManagedServices): void {
    const now = this.#clock.now()
    this.#durations = [...this.#durations, now - this.#sampledAt].slice(-RATE_INTERVALS)
    this.#sampledAt = now
    const sampled = new Map<string, ServiceHistory>()
    for (const proxy of services.all()) {
      // A service that did not exist at the last sample has counted from 0 since.
      const history = this.#find(proxy) ?? new ServiceHistory(proxy, undefined)
      history.add(proxy.getCounts())
      sampled.set(proxy.name, history)
    }
    this.#byName = sampled
  }
}

/** The last intervals of one service. */
class ServiceHistory {
  readonly proxy: ManagedProxy
  readonly #requests = new Uint32Array(INTERVALS)
  readonly #failures = new Uint32Array(INTERVALS)
  readonly #rejections = new Uint32Array(INTERVALS)
  /** The number of intervals so far. */
  #count = 0
  #before: Ended
  #history: RequestHistory | undefined = NOTHING

  /** @param before the counts before the first interval; undefined: none */
  constructor(proxy: ManagedProxy, before: RequestCounts | undefined) {
    this.proxy = proxy
    this.#before = before === undefined ? { requests: 0, failures: 0, rejections: 0 } : ended(before)
  }

  add(counts: RequestCounts): void {
    const now = ended(counts)
    const index = this.#count++ % INTERVALS
    this.#requests[index] = now.requests - this.#before.requests
    this.#failures[index] = now.failures - this.#before.failures
    this.#rejections[index] = now.rejections - this.#before.rejections
    this.#before = now
    this.#history = undefined
  }

  /** The same object until the next sample. */
  get history(): RequestHistory {
    this.#history ??= {
      intervalMs: INTERVAL_MS,
      requests: this.#inOrder(this.#requests),
      failures: this.#inOrder(this.#failures),
      rejections: this.#inOrder(this.#rejections),
    }
    return this.#history
  }

  #inOrder(ring: Uint32Array): number[] {
    const oldest = this.#count % INTERVALS
    return this.#count < INTERVALS
      ? [...ring.subarray(0, this.#count)]
      : [...ring.subarray(oldest), ...ring.subarray(0, oldest)]
  }
}

interface Ended {
  readonly requests: number
  readonly failures: number
  readonly rejections: number
}

function ended({ totalRequests, inFlight, failedRequests, rejectedRequests }: RequestCounts): Ended {
  return { requests: totalRequests - inFlight, failures: failedRequests, rejections: rejectedRequests }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
