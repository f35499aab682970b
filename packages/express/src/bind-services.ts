import { type GuardedServices, isSvcproxyError, type ServiceProxyManager } from '@svcproxy/core'
import {
  clearRepresentation,
  type EndpointFactory,
  type ErrorHandlerOptions,
  errorResponse,
  healthEndpoints,
  type HealthOptions,
  type HttpEndpoint,
  type HttpResponse,
  isClientGone,
  managementEndpoints,
  type ManagementOptions,
  MountedRequest,
  pickServices,
  RequestScopes,
  type RequestScopesOptions,
  shutdown,
  type ShutdownOptions,
  type ShutdownServer,
} from '@svcproxy/http'
import type { NextFunction, Request, Response } from 'express'
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'

/** Options of {@link bindServices}. */
export interface BindOptions extends RequestScopesOptions {
  /**
   * Whether to set `req.services` as well; `import '@svcproxy/express/augment'` declares its type.
   * @defaultValue false
   */
  readonly attach?: boolean
}

/** The services of a manager, bound to an Express application. */
export interface ExpressServices<M extends object> {
  /** Middleware that binds requests; add it before the handlers that need services. */
  middleware(): (req: IncomingMessage, res: ServerResponse, next: () => void) => void
  /**
   * The services, for a request that passed {@link ExpressServices.middleware}. Their calls abort when the client
   * disconnects, if {@link RequestScopesOptions.endWithClient} says so for the request's method.
   * @throws Error when the request did not pass it
   */
  from(req: IncomingMessage): GuardedServices<M>
  /**
   * The services of the request on whose behalf this code runs, without `req`.
   * @throws Error outside a request, and without `{ asyncContext: true }`
   */
  current(): GuardedServices<M>
  /**
   * Aborts when the client disconnects before its response has ended, for all methods; for
   * `getProxy(name).call(operation, { signal })`.
   * @throws Error when the request did not pass {@link ExpressServices.middleware}
   */
  signal(req: IncomingMessage): AbortSignal
  /**
   * Creates a handler that gets the named services as its first argument. Errors and rejections of the handler are
   * passed to `next(error)`, on Express 4 too.
   * @throws {@link UnknownServiceError} when it is created, not per request
   */
  inject<N extends keyof M & string, P = Request['params']>(
    names: readonly N[],
    handler: (services: Pick<GuardedServices<M>, N>, req: Request<P>, res: Response, next: NextFunction) => unknown,
  ): (req: Request<P>, res: Response, next: NextFunction) => Promise<void>
  /**
   * Answers `/livez`, `/readyz` and `/healthz`; add it before authentication and logging.
   * @throws {@link InvalidOptionError}
   */
  health(options?: HealthOptions<Request>): (req: Request, res: Response, next: NextFunction) => void
  /**
   * Answers the management API below its mount point: `app.use('/ops/services', services.management({ authorize }))`.
   * @throws {@link InvalidOptionError}
   */
  management(options: ManagementOptions<Request>): (req: Request, res: Response, next: NextFunction) => void
  /**
   * Mounts an endpoint of another package, for example the dashboard:
   * `app.use('/ops/services', services.mount(dashboard({ authorize })))`.
   */
  mount(makeEndpoint: EndpointFactory<Request>): (req: Request, res: Response, next: NextFunction) => void
  /**
   * Answers this library's errors with `application/problem+json`; add it last. All other errors are passed to
   * `next(error)`.
   */
  errorHandler(options?: ErrorHandlerOptions): (error: unknown, req: Request, res: Response, next: NextFunction) => void
  /**
   * Shuts down the application: `/readyz` fails at once, the server keeps accepting connections for `readyDelayMs`,
   * requests in flight end, and the manager stops. A second call closes what is still open.
   * Example: `process.on('SIGTERM', () => void services.shutdown(server))`.
   * @returns the same promise for the same server
   * @throws {@link InvalidOptionError} (as a rejection), and what the manager's `stop()` rejects with
   */
  shutdown(server: ShutdownServer, options?: ShutdownOptions): Promise<void>
}

/** The type of what {@link ExpressServices.from} returns: the services by name. */
export type ServicesOf<B> = B extends ExpressServices<infer M> ? GuardedServices<M> : never

/** Binds a manager's services to an Express application. The result carries the types of the services. */
export function bindServices<M extends object>(
  manager: ServiceProxyManager<M>,
  { attach = false, ...scopesOptions }: BindOptions = {},
): ExpressServices<M> {
  const scopes = new RequestScopes(manager, scopesOptions)
  return {
    middleware: () => (req, res, next) => {
      const scope = scopes.open(req, res)
      if (attach) Object.defineProperty(req, 'services', { get: () => scope.services, configurable: true })
      scopes.run(scope, next)
    },
    current: () => scopes.current().services,
    from: (req) => scopes.of(req).services,
    signal: (req) => scopes.of(req).abortSignal,
    inject(names, handler) {
      for (const name of names) manager.getProxy(name)
      return async (req, res, next) => {
        try {
          await handler(pickServices(scopes.of(req).services, names), req, res, next)
        } catch (error) {
          // As in Express 5: a rejection without a reason is an error, too.
          next(error ?? new Error('A handler rejected without an error'))
        }
      }
    },
    health: (options) => handlerOf(healthEndpoints(manager, options)),
    management: (options) => handlerOf(managementEndpoints(manager, options)),
    mount: (makeEndpoint) => handlerOf(makeEndpoint(manager)),
    errorHandler: (options) => (error, req, res, next) => {
      if (isClientGone(res) && (isSvcproxyError(error) || scopes.find(req)?.isAbort(error) === true)) return
      const response = res.headersSent ? undefined : errorResponse(error, { ...options, instance: req.originalUrl })
      if (response === undefined) next(error)
      else send(res, response)
    },
    shutdown: (server, options) => shutdown(manager, server, options),
  }
}

function handlerOf(answer: HttpEndpoint<Request>): (req: Request, res: Response, next: NextFunction) => void {
  return (req, res, next) => {
    const answered = answer(new MountedRequest(req, req, req.body))
    if (answered === undefined) next()
    else answered.then((response) => send(res, response), next)
  }
}

function send(res: Response, { status, headers, body }: HttpResponse): void {
  clearRepresentation(res)
  res.statusCode = status
  res.statusMessage = STATUS_CODES[status] ?? ''
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value)
  res.end(res.req.method === 'HEAD' ? undefined : body)
}
