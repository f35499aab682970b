import type { GuardedServices, ServiceProxyManager } from '@svcproxy/core'

/** The part of Node's response that says whether the client still waits. Those of HTTP/1 and HTTP/2 have it. */
export interface ClientConnection {
  readonly destroyed?: boolean
  readonly writableEnded: boolean
  readonly stream?: { readonly destroyed: boolean }
  once(event: 'close', listener: () => void): unknown
}

/** Whether the client went before it was answered. */
export function isClientGone({ destroyed, stream, writableEnded }: ClientConnection): boolean {
  return !writableEnded && (destroyed === true || stream?.destroyed === true)
}

/** What a binding knows about one request. All of it is made when it is first asked for. */
export class RequestScope<M extends object> {
  readonly #manager: ServiceProxyManager<M>
  readonly #response: ClientConnection
  #services: GuardedServices<M> | undefined
  #controller: AbortController | undefined

  constructor(manager: ServiceProxyManager<M>, response: ClientConnection) {
    this.#manager = manager
    this.#response = response
  }

  /** The services, their calls ending when the client goes. */
  get services(): GuardedServices<M> {
    // The scope itself is what the calls' signal is read from, so a signal is made with the first call.
    this.#services ??= this.#manager.servicesWith(this)
    return this.#services
  }

  /** Aborts when the client goes before the response has ended. */
  get signal(): AbortSignal {
    this.#controller ??= this.#watchClient()
    return this.#controller.signal
  }

  /** Whether the client is gone and `error` is what its going did to a call. */
  isAbort(error: unknown): boolean {
    const signal = this.#controller?.signal
    return signal?.aborted === true && signal.reason === error
  }

  #watchClient(): AbortController {
    const controller = new AbortController()
    const response = this.#response
    const abort = (): void => controller.abort(new DOMException('The client closed the request', 'AbortError'))
    if (isClientGone(response)) abort()
    else response.once('close', () => (response.writableEnded ? undefined : abort()))
    return controller
  }
}

/** The scopes of the requests that one binding has seen. Bindings of one process never see each other's. */
export class RequestScopes<M extends object> {
  readonly #manager: ServiceProxyManager<M>
  // A property of the request: a WeakMap costs every request a microsecond or two, most of it garbage collection.
  readonly #key = Symbol('svcproxy.scope')

  constructor(manager: ServiceProxyManager<M>) {
    this.#manager = manager
  }

  /** @param request Node's request, which keeps the scope */
  open(request: object, response: ClientConnection): RequestScope<M> {
    const known = this.find(request)
    if (known !== undefined) return known
    const scope = new RequestScope(this.#manager, response)
    Reflect.set(request, this.#key, scope)
    return scope
  }

  /** The scope of a request; undefined when it was not opened. */
  find(request: object): RequestScope<M> | undefined {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- nobody else has the key
    return Reflect.get(request, this.#key) as RequestScope<M> | undefined
  }

  /** @throws Error when the request did not pass the binding's middleware */
  of(request: object): RequestScope<M> {
    const scope = this.find(request)
    if (scope !== undefined) return scope
    throw new Error(
      'This request has no services: it did not pass app.use(services.middleware()) of the same bindServices(). ' +
        'Put the middleware before the routes that need services.',
    )
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
