import { AsyncLocalStorage } from 'node:async_hooks'
import type { GuardedServices, ServiceProxyManager } from '@svcproxy/core'
import { type AbortSource, servicesFor, toAbortSignal } from '@svcproxy/core/adapter'
import { ClientWatch } from './client-watch.ts'
import type { ClientConnection } from './client-watch.ts'
import { checkOneOf } from './option-checks.ts'
import type { ScopedRequest } from './scoped-request.ts'
import { type Ending, endingOf } from './shutdown/ending.ts'

/** What a binding knows about one request. All of it is made when it is first asked for. */
export class RequestScope<M extends object> {
  readonly #manager: ServiceProxyManager<M>
  readonly #response: ClientConnection
  readonly #endsWithClient: boolean
  #services: GuardedServices<M> | undefined
  #watch: ClientWatch | undefined
  #abortSignal: AbortSignal | undefined

  /** @param endsWithClient whether its calls end when its client goes */
  constructor(manager: ServiceProxyManager<M>, response: ClientConnection, endsWithClient: boolean) {
    this.#manager = manager
    this.#response = response
    this.#endsWithClient = endsWithClient
  }

  /** The services. Their calls end when the client goes, if those of this request do. */
  get services(): GuardedServices<M> {
    // The scope itself is what the calls' signal is read from, so the client is watched from the first call on.
    this.#services ??= servicesFor(this.#manager, this)
    return this.#services
  }

  /** What the calls listen to; undefined when they do not end with the client. */
  get signal(): AbortSource | undefined {
    return this.#endsWithClient ? this.#client : undefined
  }

  /** Aborts when the client goes before the response has ended, whether or not the calls end with it. */
  get abortSignal(): AbortSignal {
    this.#abortSignal ??= toAbortSignal(this.#client)
    return this.#abortSignal
  }

  /** Whether the client is gone and `error` is what its going did to a call. */
  isAbort(error: unknown): boolean {
    return this.#watch?.aborted === true && this.#watch.reason === error
  }

  get #client(): ClientWatch {
    this.#watch ??= new ClientWatch(this.#response)
    return this.#watch
  }
}

/** When the calls of a request end with its client. */
export type EndWithClient = 'safe' | 'always' | 'never'

const END_WITH_CLIENT: readonly EndWithClient[] = ['safe', 'always', 'never']

/** What only reads may stop anywhere (RFC 9110, section 9.2.1). TRACE, the fourth of them, reaches no service. */
const SAFE_METHODS: readonly unknown[] = ['GET', 'HEAD', 'OPTIONS']

/** How a binding keeps the scopes of its requests. */
export interface RequestScopesOptions {
  /**
   * Makes {@link RequestScopes.current} work: code that is called for a request, however deep, gets its services without
   * being handed them. Costs each request an `AsyncLocalStorage.run()`. @defaultValue false
   */
  readonly asyncContext?: boolean
  /**
   * When the calls of a request end with its client. `safe`: those of GET, HEAD and OPTIONS do; a write that was begun is
   * carried out, so that nothing is charged and never marked as paid. `always`, `never`: those of all methods, of none.
   * The request's own signal tells of the client's going in any case.
   * @defaultValue 'safe'  @throws {@link InvalidOptionError} when it is none of them
   */
  readonly endWithClient?: EndWithClient
}

/** The scopes of the requests that one binding has seen. Bindings of one process never see each other's. */
export class RequestScopes<M extends object> {
  readonly #manager: ServiceProxyManager<M>
  // A property of the request: a WeakMap costs every request a microsecond or two, most of it garbage collection.
  readonly #key = Symbol('svcproxy.scope')
  readonly #running: AsyncLocalStorage<RequestScope<M>> | undefined
  readonly #endWithClient: EndWithClient
  readonly #ending: Ending

  /** @throws {@link InvalidOptionError} */
  constructor(
    manager: ServiceProxyManager<M>,
    { asyncContext = false, endWithClient = 'safe' }: RequestScopesOptions = {},
  ) {
    checkOneOf('endWithClient', END_WITH_CLIENT, endWithClient)
    this.#manager = manager
    this.#running = asyncContext ? new AsyncLocalStorage() : undefined
    this.#endWithClient = endWithClient
    this.#ending = endingOf(manager)
  }

  /**
   * Opens the scope of a request; returns the same one when it is open already.
   * @param request Node's request, which keeps the scope
   * @param response Node's response to it, which tells when the client goes
   */
  open(request: ScopedRequest, response: ClientConnection): RequestScope<M> {
    const holder = this.#asHolder(request)
    const known = holder[this.#key]
    if (known !== undefined) return known
    this.#ending.meet(request)
    return (holder[this.#key] = new RequestScope(this.#manager, response, this.#endsWithClient(request)))
  }

  /** The scope of a request; undefined when it was not opened. */
  find(request: object): RequestScope<M> | undefined {
    return this.#asHolder(request)[this.#key]
  }

  /**
   * The scope of a request that was opened.
   * @throws Error when the request did not pass the binding's middleware
   */
  of(request: object): RequestScope<M> {
    const scope = this.find(request)
    if (scope !== undefined) return scope
    throw new Error(
      'This request has no services: it did not pass app.use(services.middleware()) of the same bindServices(). ' +
        'Put the middleware before the routes that need services.',
    )
  }

  /** Runs what comes after the binding's middleware; {@link RequestScopes.current} is `scope` in all that it starts. */
  run<R>(scope: RequestScope<M>, next: () => R): R {
    return this.#running === undefined ? next() : this.#running.run(scope, next)
  }

  /**
   * The scope of the request on whose behalf this code runs.
   * @throws Error outside of a request, and when the binding was made without `asyncContext`
   */
  current(): RequestScope<M> {
    const scope = this.#running?.getStore()
    if (scope !== undefined) return scope
    throw new Error(
      this.#running === undefined
        ? 'current() needs bindServices(manager, { asyncContext: true })'
        : 'current() was called outside of a request that passed app.use(services.middleware())',
    )
  }

  #endsWithClient({ method }: ScopedRequest): boolean {
    return this.#endWithClient === 'safe' ? SAFE_METHODS.includes(method) : this.#endWithClient === 'always'
  }

  #asHolder(request: object): Record<symbol, RequestScope<M> | undefined> {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- nobody else has the key
    return request as Record<symbol, RequestScope<M> | undefined>
  }
}

/** Only what was asked for, as a handler's first parameter. */
export function pickServices<M extends object, N extends keyof M>(
  services: GuardedServices<M>,
  names: readonly N[],
): Pick<GuardedServices<M>, N> {
  const picked: Partial<Pick<GuardedServices<M>, N>> = {}
  for (const name of names) picked[name] = services[name]
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the loop filled in all of N
  return picked as Pick<GuardedServices<M>, N>
}
