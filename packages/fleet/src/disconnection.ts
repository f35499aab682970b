import type { Clock, ServiceEvent, Timer } from '@svcproxy/core'
import type { WhileDisconnected } from './options.ts'

/** How long an instance is served at most while nobody tells what was invalidated, in milliseconds. */
const SHORTENED_MS = 30_000

/** A proxy, as far as its cache goes. */
export interface CachingProxy {
  readonly settings: { readonly security: boolean }
  invalidateCache(options: { readonly cause: 'fleet' }): void
  expireCache(options: { readonly cause: 'fleet' }): void
}

/** What becomes of cached instances while this process hears nothing of the fleet. */
export class Disconnection {
  readonly #policy: WhileDisconnected
  readonly #proxies: () => readonly CachingProxy[]
  readonly #proxyOf: (service: string) => CachingProxy | undefined
  readonly #clock: Clock
  #lasts = false
  #timer: Timer | undefined

  constructor(
    policy: WhileDisconnected,
    clock: Clock,
    manager: { proxies(): readonly CachingProxy[]; proxyOf(service: string): CachingProxy | undefined },
  ) {
    this.#policy = policy
    this.#clock = clock
    this.#proxies = () => manager.proxies()
    this.#proxyOf = (service) => manager.proxyOf(service)
  }

  begin(): void {
    if (this.#lasts) return
    this.#lasts = true
    for (const proxy of this.#proxies()) if (this.#isBypassed(proxy)) proxy.invalidateCache({ cause: 'fleet' })
    if (this.#policy === 'shorten') this.#shorten()
  }

  end(): void {
    this.#lasts = false
    this.#timer?.cancel()
  }

  /** What was loaded meanwhile is not served a second time, where the cache is bypassed. */
  heard({ type, service }: ServiceEvent): void {
    if (!this.#lasts || type !== 'load') return
    const proxy = this.#proxyOf(service)
    if (proxy === undefined || !this.#isBypassed(proxy)) return
    // Those who waited for this load have it by then.
    this.#clock.setTimer(() => {
      if (this.#lasts) proxy.invalidateCache({ cause: 'fleet' })
    }, 0)
  }

  #shorten(): void {
    this.#timer = this.#clock.setTimer(() => {
      for (const proxy of this.#proxies()) proxy.expireCache({ cause: 'fleet' })
      this.#shorten()
    }, SHORTENED_MS)
  }

  #isBypassed({ settings }: CachingProxy): boolean {
    return this.#policy === 'bypass' || settings.security
  }
}
