/** Where a proxy gets its service from. */
export interface ServiceProvider<T> {
  /** The service's name in errors. */
  readonly serviceName: string
  /** Where it looks, for messages: for example `registry`. @defaultValue the service's name */
  readonly source?: string
  /**
   * `owned`: the proxy disposes an instance once, when it is no longer in use. `borrowed`: it never does.
   * @defaultValue 'borrowed'
   */
  readonly ownership?: 'borrowed' | 'owned'
  /**
   * What happens to a healthy instance at the end of its TTL. `check`: {@link ServiceProvider.checkHealth} is asked,
   * and a healthy instance is kept for another TTL. `replace`: another one is looked up or created. Applies to owned
   * instances only, and never to a `security` service.
   * @defaultValue 'replace'
   */
  readonly renew?: 'check' | 'replace'
  /**
   * Finds or creates an instance. All callers that wait share one call; the signal aborts at the deadline.
   * Return undefined or null if there is none: callers get a {@link ServiceUnavailableError}.
   */
  getService(context: { readonly signal: AbortSignal }): T | PromiseLike<T>
  /**
   * Whether the service is healthy. `service` is undefined if none has been loaded yet.
   * Throwing says the same as false.
   */
  checkHealth(service: T | undefined, context: { readonly signal: AbortSignal }): boolean | PromiseLike<boolean>
  /** Disposes an owned instance. */
  disposeService?(service: T): void | PromiseLike<void>
}
