// What is marked CHANGE is about the framework. All else is the same in every binding.
import { type GuardedServices, isSvcproxyError, type ServiceProxyManager } from '@svcproxy/core'
import {
  bodyReader,
  clearRepresentation,
  type EndpointFactory,
  type ErrorHandlerOptions,
  errorResponse,
  healthEndpoints,
  type HealthOptions,
  type HttpEndpoint,
  type HttpRequest,
  type HttpResponse,
  isClientGone,
  managementEndpoints,
  type ManagementOptions,
  pathOf,
  pickServices,
  queryOf,
  RequestScopes,
  type RequestScopesOptions,
  shutdown,
  type ShutdownOptions,
  type ShutdownServer,
} from '@svcproxy/http'
import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { TemplateHandler, TemplateNext, TemplateRequest, TemplateResponse } from './framework.ts'

/** How to bind. */
export interface BindOptions extends RequestScopesOptions {}

/** The services of a manager, bound to a Template application. */
export interface TemplateServices<M extends object> {
  /** Binds requests; goes before the handlers that need services. */
  middleware(): TemplateHandler
  /**
   * The services, for a request that passed {@link TemplateServices.middleware}. Their calls end when the client goes, if
   * {@link RequestScopesOptions.endWithClient} says so for the request's method.
   * @throws Error when the request did not pass it
   */
  from(req: IncomingMessage): GuardedServices<M>
  /**
   * The services of the request on whose behalf this code runs, without `req`; needs `{ asyncContext: true }`.
   * @throws Error outside a request
   */
  current(): GuardedServices<M>
  /**
   * Aborts when the client goes before its answer has ended, whatever the method; for
   * `getProxy(name).call(operation, { signal })`.
   * @throws Error when the request did not pass {@link TemplateServices.middleware}
   */
  signal(req: IncomingMessage): AbortSignal
  /**
   * A handler that gets the named services as its first argument. What it throws or rejects with reaches `next(error)`.
   * @throws {@link UnknownServiceError} at once
   */
  inject<N extends keyof M & string>(
    names: readonly N[],
    handler: (
      services: Pick<GuardedServices<M>, N>,
      req: TemplateRequest,
      res: TemplateResponse,
      next: TemplateNext,
    ) => unknown,
  ): TemplateHandler
  /**
   * Answers `/livez`, `/readyz` and `/healthz`; goes before authentication and logging.
   * @throws {@link InvalidOptionError}
   */
  health(options?: HealthOptions<TemplateRequest>): TemplateHandler
  /**
   * Answers the management API below `basePath`, or where it is mounted.
   * @throws {@link InvalidOptionError}
   */
  management(options: ManagementOptions<TemplateRequest>): TemplateHandler
  /** Mounts what another package offers, the dashboard for one: `services.mount(dashboard({ authorize }))`. */
  mount(makeEndpoint: EndpointFactory<TemplateRequest>): TemplateHandler
  /** Answers this library's errors with `application/problem+json`; goes last. All others go to `next(error)`. */
  errorHandler(
    options?: ErrorHandlerOptions,
  ): (error: unknown, req: TemplateRequest, res: TemplateResponse, next: TemplateNext) => void
  /**
   * Ends the application: `/readyz` fails at once, the server goes on for `readyDelayMs`, lets what is under way end, and
   * the manager stops. Called again, it cuts what is still open: `process.on('SIGTERM', () => void services.shutdown(server))`.
   * @returns the same promise for the same server
   * @throws {@link InvalidOptionError} (as a rejection), and what the manager's `stop()` rejects with
   */
  shutdown(server: ShutdownServer, options?: ShutdownOptions): Promise<void>
}

/** What {@link TemplateServices.from} returns: the services by name. */
export type ServicesOf<B> = B extends TemplateServices<infer M> ? GuardedServices<M> : never

/** Binds a manager's services to a Template application. The type of the services is carried by what it returns. */
export function bindServices<M extends object>(
  manager: ServiceProxyManager<M>,
  bindOptions: BindOptions = {},
): TemplateServices<M> {
  const scopes = new RequestScopes(manager, bindOptions)
  return {
    // CHANGE (registration): the form of a handler, here and in `handlerOf`. `scopes` takes Node's own request and response
    // everywhere: unwrap them if the framework wraps them. `run` calls what comes next, and returns what that returns.
    // If applications register it in another way than `app.use(services.middleware())`, say how in the third argument of
    // `RequestScopes`, which errors show.
    middleware: () => (req, res, next) => {
      const scope = scopes.open(req, res)
      scopes.run(scope, next)
    },
    current: () => scopes.current().services,
    from: (req) => scopes.of(req).services,
    signal: (req) => scopes.of(req).abortSignal,
    inject(names, handler) {
      for (const name of names) manager.getProxy(name)
      return (req, res, next) =>
        void handled(() => handler(pickServices(scopes.of(req).services, names), req, res, next), next)
    },
    health: (options) => handlerOf(healthEndpoints(manager, options)),
    management: (options) => handlerOf(managementEndpoints(manager, options)),
    mount: (makeEndpoint) => handlerOf(makeEndpoint(manager)),
    // CHANGE (error handler): its form, and how an error is passed on. The three cases stay: nothing for a client that has
    // gone, a response for an error of svcproxy, and every other error is passed on as it is, whether or not it is an `Error`.
    errorHandler: (options) => (error, req, res, next) => {
      if (isClientGone(res) && (isSvcproxyError(error) || scopes.find(req)?.isAbort(error) === true)) return
      const instance = req.originalUrl ?? req.url
      const response = res.headersSent ? undefined : errorResponse(error, { ...options, instance })
      if (response === undefined) next(error)
      else send(res, response)
    },
    shutdown: (server, options) => shutdown(manager, server, options),
  }
}

// CHANGE (errors of a handler): connect does not await its handlers. With a framework that does, `inject` returns what the
// handler returns, and needs this function at most for a rejection with nothing.
async function handled(handle: () => unknown, next: TemplateNext): Promise<void> {
  try {
    await handle()
  } catch (error) {
    next(error ?? new Error('A handler rejected without an error'))
  }
}

/** An endpoint as a handler: it answers what is its own, and everything else goes on to the application. */
function handlerOf(answer: HttpEndpoint<TemplateRequest>): TemplateHandler {
  return (req, res, next) => {
    const answered = answer(requestOf(req))
    if (answered === undefined) next()
    else answered.then((response) => send(res, response), next)
  }
}

// CHANGE (request): where the framework has the parts of a request. `path` and `query` are below the mount path, `target`
// is the whole path, and none is decoded. If its request has `method`, `path`, `url`, `originalUrl` and `headers`, replace
// this function by `new MountedRequest(req, req, req.body)`.
function requestOf(req: TemplateRequest): HttpRequest<TemplateRequest> {
  const { method = 'GET', url = '/', originalUrl = url, headers } = req
  const [path, query, target] = [pathOf(url) || '/', queryOf(url), pathOf(originalUrl)]
  return { method, path, query, target, headers, readBody: bodyReader(req, req.body), original: req }
}

// CHANGE (response): how the framework sends. Headers that describe another body are removed, other headers stay. The
// status has its standard phrase. HEAD gets no body.
function send(res: TemplateResponse, { status, headers, body }: HttpResponse): void {
  clearRepresentation(res)
  res.statusCode = status
  res.statusMessage = STATUS_CODES[status] ?? ''
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value)
  res.end(res.req.method === 'HEAD' ? undefined : body)
}
