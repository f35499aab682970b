import type { GuardedServices, ServiceProxyManager } from '@svcproxy/core'
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
import type { ExtendableContext, Next } from 'koa'
import type { KoaContext } from './koa-context.ts'

/** Options of {@link bindServices}. */
export interface BindOptions extends RequestScopesOptions {}

/** The services of a manager, bound to a Koa application. */
export interface KoaServices<M extends object> {
  /** Middleware that binds requests and sets `ctx.state.services`; add it before the middleware that needs services. */
  middleware(): (ctx: KoaContext, next: Next) => Promise<void>
  /**
   * The services, for a request that passed {@link KoaServices.middleware}. Their calls abort when the client
   * disconnects, if {@link RequestScopesOptions.endWithClient} says so for the request's method.
   * @throws Error when the request did not pass it
   */
  from(ctx: Pick<ExtendableContext, 'req'>): GuardedServices<M>
  /**
   * The services of the request on whose behalf this code runs, without `ctx`.
   * @throws Error outside a request, and without `{ asyncContext: true }`
   */
  current(): GuardedServices<M>
  /**
   * Aborts when the client disconnects before its response has ended, for all methods; for
   * `getProxy(name).call(operation, { signal })`.
   * @throws Error when the request did not pass {@link KoaServices.middleware}
   */
  signal(ctx: Pick<ExtendableContext, 'req'>): AbortSignal
  /**
   * Creates middleware that gets the named services as its first argument.
   * @throws {@link UnknownServiceError} when it is created, not per request
   */
  inject<N extends keyof M & string, C extends Pick<ExtendableContext, 'req'> = KoaContext>(
    names: readonly N[],
    handler: (services: Pick<GuardedServices<M>, N>, ctx: C, next: Next) => unknown,
  ): (ctx: C, next: Next) => Promise<void>
  /**
   * Answers `/livez`, `/readyz` and `/healthz`; add it before authentication and logging.
   * @throws {@link InvalidOptionError}
   */
  health(options?: HealthOptions<KoaContext>): (ctx: KoaContext, next: Next) => Promise<void>
  /**
   * Answers the management API below `basePath`, for example `/ops/services`, or below its mount point.
   * @throws {@link InvalidOptionError}
   */
  management(options: ManagementOptions<KoaContext>): (ctx: KoaContext, next: Next) => Promise<void>
  /**
   * Mounts an endpoint of another package, for example the dashboard:
   * `services.mount(dashboard({ basePath: '/ops/services', authorize }))`.
   */
  mount(makeEndpoint: EndpointFactory<KoaContext>): (ctx: KoaContext, next: Next) => Promise<void>
  /**
   * Answers this library's errors with `application/problem+json` and emits them as the application's `'error'` event,
   * as Koa does; add it first, around the middleware whose errors it answers. All other errors pass through unchanged.
   */
  errorHandler(options?: ErrorHandlerOptions): (ctx: KoaContext, next: Next) => Promise<void>
  /**
   * Shuts down the application: `/readyz` fails at once, the server keeps accepting connections for `readyDelayMs`,
   * requests in flight end, and the manager stops. A second call closes what is still open.
   * Example: `process.on('SIGTERM', () => void services.shutdown(server))`.
   * @returns the same promise for the same server
   * @throws {@link InvalidOptionError} (as a rejection), and what the manager's `stop()` rejects with
   */
  shutdown(server: ShutdownServer, options?: ShutdownOptions): Promise<void>
}

/** The state type of a Koa application with these services: `new Koa<StateOf<typeof services>>()`. */
export type StateOf<B> = B extends KoaServices<infer M> ? { services: GuardedServices<M> } : never

/** Binds a manager's services to a Koa application. The result carries the types of the services. */
export function bindServices<M extends object>(
  manager: ServiceProxyManager<M>,
  bindOptions: BindOptions = {},
): KoaServices<M> {
  const scopes = new RequestScopes(manager, bindOptions)
  return {
    middleware: () => (ctx, next) => {
      const state: { services?: unknown } = ctx.state
      const scope = scopes.open(ctx.req, ctx.res)
      state.services = scope.services
      return scopes.run(scope, next)
    },
    current: () => scopes.current().services,
    from: (ctx) => scopes.of(ctx.req).services,
    signal: (ctx) => scopes.of(ctx.req).abortSignal,
    inject(names, handler) {
      for (const name of names) manager.getProxy(name)
      return async (ctx, next) => {
        await handler(pickServices(scopes.of(ctx.req).services, names), ctx, next)
      }
    },
    health: (options) => middlewareOf(healthEndpoints(manager, options)),
    management: (options) => middlewareOf(managementEndpoints(manager, options)),
    mount: (makeEndpoint) => middlewareOf(makeEndpoint(manager)),
    errorHandler: (options) => async (ctx, next) => {
      try {
        await next()
      } catch (error) {
        const isGone = isClientGone(ctx.res)
        if (isGone && scopes.find(ctx.req)?.isAbort(error) === true) return leave(ctx)
        const response = ctx.headerSent ? undefined : errorResponse(error, { ...options, instance: ctx.originalUrl })
        if (response === undefined) throw error
        if (isGone) leave(ctx)
        else send(ctx, response)
        ctx.app.emit('error', error, ctx)
      }
    },
    shutdown: (server, options) => shutdown(manager, server, options),
  }
}

function middlewareOf(answer: HttpEndpoint<KoaContext>): (ctx: KoaContext, next: Next) => Promise<void> {
  return async (ctx, next) => {
    const answered = answer(new MountedRequest(ctx, ctx.req, 'body' in ctx.request ? ctx.request.body : undefined))
    if (answered === undefined) await next()
    else send(ctx, await answered)
  }
}

function send(ctx: KoaContext, { status, headers, body }: HttpResponse): void {
  clearRepresentation(ctx.res)
  ctx.status = status
  ctx.body = body
  ctx.set({ ...headers })
}

/** The client has disconnected: there is nobody to answer. */
function leave(ctx: KoaContext): void {
  ctx.respond = false
}
