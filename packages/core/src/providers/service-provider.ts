/** Where a proxy gets its service from. */
export interface ServiceProvider<T> {
  /** What the service is called in errors. */
  readonly serviceName: string
  /** Where it looks, for messages, for example `registry`. @defaultValue the service's name */
  readonly source?: string
  /**
   * `owned`: the proxy disposes what it was given, once, when nobody uses it any more. `borrowed`: it never does.
   * @defaultValue 'borrowed'
   */
  readonly ownership?: 'borrowed' | 'owned'
  /**
   * What happens to a healthy instance at the end of its TTL. `check`: it is checked and kept for another TTL, because
   * {@link ServiceProvider.checkHealth} can tell whether it is well. `replace`: another one is looked up or made. Heeded
   * for owned instances only, and never for a `security` service. @defaultValue 'replace'
   */
  readonly renew?: 'check' | 'replace'
  /**
   * Finds or makes an instance. Called by one flight at a time; the signal aborts at the deadline.
   * Returning undefined or null means that there is none, which callers see as {@link ServiceUnavailableError}.
   */
  getService(context: { readonly signal: AbortSignal }): T | PromiseLike<T>
  /**
   * Whether the service is well. `service` is undefined when none has been loaded yet.
   * Throwing says the same as false.
   */
  checkHealth(service: T | undefined, context: { readonly signal: AbortSignal }): boolean | PromiseLike<boolean>
  /** Ends an owned instance. */
  disposeService?(service: T): void | PromiseLike<void>
}
