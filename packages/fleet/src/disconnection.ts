import type { ServiceEvent, ServiceProxy, ServiceProxyManager, Timer } from '@svcproxy/core'
import type { WhileDisconnected } from './options.ts'

/** How long an instance is served at most while this process does not hear of invalidations, in milliseconds. */
const SHORTENED_MS = 30_000

/** The parts of a proxy that concern its cache. */
type CachingProxy = Pick<ServiceProxy<unknown>, 'settings' | 'invalidateCache' | 'expireCache'>

/** Decides what happens to cached instances while this process is disconnected from its fleet. */
export class Disconnection<M extends object> {
  readonly #policy: WhileDisconnected
  readonly #manager: ServiceProxyManager<M>
  #lasts = false
  #timer: Timer | undefined

  constructor(policy: WhileDisconnected, manager: ServiceProxyManager<M>) {
    this.#policy = policy
    this.#manager = manager
  }

  begin(): void {
    if (this.#lasts) return
    this.#lasts = true
    for (const proxy of this.#proxies) if (this.#isBypassed(proxy)) proxy.invalidateCache({ cause: 'fleet' })
    if (this.#policy === 'shorten') this.#shorten()
  }

  end(): void {
    this.#lasts = false
    this.#timer?.cancel()
  }

  /** Where the cache is bypassed, an instance that was loaded while disconnected is not served a second time. */
  heard({ type, service }: ServiceEvent): void {
    if (!this.#lasts || type !== 'load' || !this.#manager.has(service)) return
    const proxy = this.#manager.getProxy(service)
    if (!this.#isBypassed(proxy)) return
    // By then the callers that waited for this load have their instance.
    this.#manager.clock.setTimer(() => {
      if (this.#lasts) proxy.invalidateCache({ cause: 'fleet' })
    }, 0)
  }

  #shorten(): void {
    this.#timer = this.#manager.clock.setTimer(() => {
      for (const proxy of this.#proxies) proxy.expireCache({ cause: 'fleet' })
      this.#shorten()
    }, SHORTENED_MS)
  }

  get #proxies(): readonly CachingProxy[] {
    return this.#manager.names.map((name) => this.#manager.getProxy(name))
  }

  #isBypassed({ settings }: CachingProxy): boolean {
    return this.#policy === 'bypass' || settings.security
  }
}
