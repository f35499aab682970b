import { AsyncLocalStorage } from 'node:async_hooks'
import type { GuardedServices, ServiceProxyManager } from '@svcproxy/core'
import { type AbortSource, servicesFor, toAbortSignal } from '@svcproxy/core/adapter'
import { ClientWatch } from './client-watch.ts'
import type { ClientConnection } from './client-watch.ts'
import { checkOneOf } from './option-checks.ts'
import type { ScopedRequest } from './scoped-request.ts'
import { type Ending, endingOf } from './shutdown/ending.ts'

/** What a binding knows about one request. Everything is created when it is first needed. */
export class RequestScope<M extends object> {
  readonly #manager: ServiceProxyManager<M>
  readonly #response: ClientConnection
  readonly #endsWithClient: boolean
  #services: GuardedServices<M> | undefined
  #watch: ClientWatch | undefined
  #abortSignal: AbortSignal | undefined

  /** @param endsWithClient whether its calls abort when its client disconnects */
  constructor(manager: ServiceProxyManager<M>, response: ClientConnection, endsWithClient: boolean) {
    this.#manager = manager
    this.#response = response
    this.#endsWithClient = endsWithClient
  }

  /** The services. Their calls abort when the client disconnects, if that applies to this request. */
  get services(): GuardedServices<M> {
    // The scope itself provides the calls' signal, so the client is watched from the first call on.
    this.#services ??= servicesFor(this.#manager, this)
    return this.#services
  }

  /** The signal for the calls; undefined if they do not abort with the client. */
  get signal(): AbortSource | undefined {
    return this.#endsWithClient ? this.#client : undefined
  }

  /** Aborts when the client disconnects before the response has ended, whether or not the calls abort with it. */
  get abortSignal(): AbortSignal {
    this.#abortSignal ??= toAbortSignal(this.#client)
    return this.#abortSignal
  }

  /** Whether the client has disconnected and `error` is the result of that. */
  isAbort(error: unknown): boolean {
    return this.#watch?.aborted === true && this.#watch.reason === error
  }

  get #client(): ClientWatch {
    this.#watch ??= new ClientWatch(this.#response)
    return this.#watch
  }
}

/** When the calls of a request abort with its client: see {@link RequestScopesOptions.endWithClient}. */
export type EndWithClient = 'safe' | 'always' | 'never'

const END_WITH_CLIENT: readonly EndWithClient[] = ['safe', 'always', 'never']

/** Only reads may stop anywhere (RFC 9110, section 9.2.1). TRACE, the fourth of them, reaches no service. */
const SAFE_METHODS: readonly unknown[] = ['GET', 'HEAD', 'OPTIONS']

/** Options that all bindings have. */
export interface RequestScopesOptions {
  /**
   * Makes `current()` work: code that runs for a request, however deep, gets its services without passing them along.
   * Costs an `AsyncLocalStorage.run()` per request.
   * @defaultValue false
   */
  readonly asyncContext?: boolean
  /**
   * When the calls of a request abort because its client disconnected. `safe`: for GET, HEAD and OPTIONS. A write that
   * has begun is completed, so that nothing is charged but never marked as paid. `always`, `never`: for all methods,
   * for none. The request's own signal aborts in any case.
   * @defaultValue 'safe'  @throws {@link InvalidOptionError} when it is none of them
   */
  readonly endWithClient?: EndWithClient
}

/** The scopes of the requests of one binding. Bindings of one process never see each other's. */
export class RequestScopes<M extends object> {
  readonly #manager: ServiceProxyManager<M>
  // A property of the request: a WeakMap costs every request a microsecond or two, most of it for garbage collection.
  readonly #key = Symbol('svcproxy.scope')
  readonly #running: AsyncLocalStorage<RequestScope<M>> | undefined
  readonly #endWithClient: EndWithClient
  readonly #ending: Ending
  readonly #registration: string

  /**
   * @param registration how an application registers the binding's middleware; named by the errors that miss it
   * @throws {@link InvalidOptionError}
   */
  constructor(
    manager: ServiceProxyManager<M>,
    { asyncContext = false, endWithClient = 'safe' }: RequestScopesOptions = {},
    registration = 'app.use(services.middleware())',
  ) {
    checkOneOf('endWithClient', END_WITH_CLIENT, endWithClient)
    this.#manager = manager
    this.#running = asyncContext ? new AsyncLocalStorage() : undefined
    this.#endWithClient = endWithClient
    this.#ending = endingOf(manager)
    this.#registration = registration
  }

  /**
   * Opens the scope of a request, or returns it if it is already open.
   * @param request Node's request, which keeps the scope
   * @param response Node's response to it, which says when the client disconnects
   */
  open(request: ScopedRequest, response: ClientConnection): RequestScope<M> {
    const holder = this.#asHolder(request)
    const known = holder[this.#key]
    if (known !== undefined) return known
    this.#ending.meet(request)
    return (holder[this.#key] = new RequestScope(this.#manager, response, this.#endsWithClient(request)))
  }

  /** The scope of a request; undefined if it was not opened. */
  find(request: object): RequestScope<M> | undefined {
    return this.#asHolder(request)[this.#key]
  }

  /**
   * The scope of a request.
   * @throws Error when the request did not pass the binding's middleware
   */
  of(request: object): RequestScope<M> {
    const scope = this.find(request)
    if (scope !== undefined) return scope
    throw new Error(
      `This request has no services: it did not pass ${this.#registration} of the same bindServices(). ` +
        'Put it before the routes that need services.',
    )
  }

  /**
   * Runs what comes after the binding's middleware; {@link RequestScopes.current} returns `scope` in everything that it
   * starts.
   */
  run<R>(scope: RequestScope<M>, next: () => R): R {
    return this.#running === undefined ? next() : this.#running.run(scope, next)
  }

  /**
   * The scope of the request on whose behalf this code runs.
   * @throws Error outside a request, and if the binding was created without `asyncContext`
   */
  current(): RequestScope<M> {
    const scope = this.#running?.getStore()
    if (scope !== undefined) return scope
    throw new Error(
      this.#running === undefined
        ? 'current() needs bindServices(manager, { asyncContext: true })'
        : `current() was called outside a request that passed ${this.#registration}`,
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

/** Only the named services: the first argument of an injected handler. */
export function pickServices<M extends object, N extends keyof M>(
  services: GuardedServices<M>,
  names: readonly N[],
): Pick<GuardedServices<M>, N> {
  const picked: Partial<Pick<GuardedServices<M>, N>> = {}
  for (const name of names) picked[name] = services[name]
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the loop filled in all of N
  return picked as Pick<GuardedServices<M>, N>
}
