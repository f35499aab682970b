import { type GuardedServices, isSvcproxyError, type ServiceProxyManager } from '@svcproxy/core'
import {
  type EndpointFactory,
  type ErrorHandlerOptions,
  errorResponse,
  healthEndpoints,
  type HealthOptions,
  isClientGone,
  managementEndpoints,
  type ManagementOptions,
  pickServices,
  RequestScopes,
  type RequestScopesOptions,
  type ShutdownOptions,
} from '@svcproxy/http'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { endpointPlugin, send } from './endpoint-plugin.ts'
import type { BoundReply, BoundRequest, ClosableApp, PluginOptions } from './framework.ts'
import { servicesPlugin } from './services-plugin.ts'
import { shutdownOf } from './shutdown.ts'

/** How to bind. */
export interface BindOptions extends RequestScopesOptions {}

/** The services of a manager, bound to a Fastify application. */
export interface FastifyServices<M extends object> {
  /**
   * The plugin that binds requests: for all routes of the instance where it is registered, and of those below it. They
   * have the services as `request.services`. What is registered before it has none.
   */
  plugin(options?: PluginOptions): FastifyPluginAsync
  /**
   * The services, for a request that passed {@link FastifyServices.plugin}. Their calls end when the client goes, if
   * {@link RequestScopesOptions.endWithClient} says so for the request's method.
   * @throws Error when the request did not pass it
   */
  from(request: BoundRequest): GuardedServices<M>
  /**
   * The services of the request on whose behalf this code runs, without `request`; needs `{ asyncContext: true }`.
   * @throws Error outside a request
   */
  current(): GuardedServices<M>
  /**
   * Aborts when the client goes before its answer has ended, whatever the method; for
   * `getProxy(name).call(operation, { signal })`.
   * @throws Error when the request did not pass {@link FastifyServices.plugin}
   */
  signal(request: BoundRequest): AbortSignal
  /**
   * A handler that gets the named services as its first argument, then what any handler gets. What it returns is sent.
   * @throws {@link UnknownServiceError} at once
   */
  inject<N extends keyof M & string, Q extends BoundRequest = FastifyRequest, P = FastifyReply, R = unknown>(
    names: readonly N[],
    handler: (services: Pick<GuardedServices<M>, N>, request: Q, reply: P) => R,
  ): (request: Q, reply: P) => R
  /**
   * A plugin with the routes `/livez`, `/readyz` and `/healthz`, below its `prefix`.
   * @throws {@link InvalidOptionError}
   */
  health(options?: HealthOptions<FastifyRequest>): FastifyPluginAsync
  /**
   * A plugin with the routes of the management API, below its `prefix` and `basePath`.
   * @throws {@link InvalidOptionError}
   */
  management(options: ManagementOptions<FastifyRequest>): FastifyPluginAsync
  /**
   * A plugin with what another package offers, the dashboard for one:
   * `app.register(services.mount(dashboard({ authorize })), { prefix: '/ops/services' })`.
   */
  mount(makeEndpoint: EndpointFactory<FastifyRequest>): FastifyPluginAsync
  /**
   * For `setErrorHandler`: answers this library's errors with `application/problem+json`. All others go on to the error
   * handler around it, as the same object.
   */
  errorHandler(
    options?: ErrorHandlerOptions,
  ): (error: unknown, request: BoundRequest, reply: BoundReply) => Promise<never> | undefined
  /**
   * Ends the application: `/readyz` fails at once, the server goes on for `readyDelayMs`, lets what is under way end, the
   * manager stops, and Fastify closes, with its hooks `onClose`. Called again, it cuts what is still open:
   * `process.on('SIGTERM', () => void services.shutdown(app))`.
   * @returns the same promise for the same server
   * @throws {@link InvalidOptionError} (as a rejection), and what the manager's `stop()` or `app.close()` reject with
   */
  shutdown(app: ClosableApp, options?: ShutdownOptions): Promise<void>
}

/** What {@link FastifyServices.from} returns, and `request.services` is: the services by name. */
export type ServicesOf<B> = B extends FastifyServices<infer M> ? GuardedServices<M> : never

const HEALTH_PATHS = ['/livez', '/readyz', '/healthz']

/** Binds a manager's services to a Fastify application. The type of the services is carried by what it returns. */
export function bindServices<M extends object>(
  manager: ServiceProxyManager<M>,
  bindOptions: BindOptions = {},
): FastifyServices<M> {
  const scopes = new RequestScopes(manager, bindOptions, 'app.register(services.plugin())')
  return {
    plugin: (options) => servicesPlugin(scopes, { asyncContext: bindOptions.asyncContext === true, ...options }),
    current: () => scopes.current().services,
    from: ({ raw }) => scopes.of(raw).services,
    signal: ({ raw }) => scopes.of(raw).abortSignal,
    inject(names, handler) {
      for (const name of names) manager.getProxy(name)
      return (request, reply) => handler(pickServices(scopes.of(request.raw).services, names), request, reply)
    },
    health: (options) => endpointPlugin(healthEndpoints(manager, options), below(options?.basePath, HEALTH_PATHS)),
    management: (options) => endpointPlugin(managementEndpoints(manager, options), below(options.basePath, ['/api/*'])),
    mount: (makeEndpoint) => endpointPlugin(makeEndpoint(manager), ['/', '/*']),
    errorHandler: (options) => (error, request, reply) => {
      const { raw } = reply
      if (isClientGone(raw) && (isSvcproxyError(error) || scopes.find(request.raw)?.isAbort(error) === true)) {
        reply.hijack()
        return undefined
      }
      const { originalUrl: instance } = request
      const response = raw.headersSent ? undefined : errorResponse(error, { ...options, instance })
      if (response === undefined) return goesOn(error)
      send(request, reply, response)
      return undefined
    },
    shutdown: shutdownOf(manager),
  }
}

function below(basePath = '', paths: readonly string[]): string[] {
  return paths.map((path) => `${basePath}${path}`)
}

/** As a rejection: Fastify would send what is thrown and is no `Error`, and what rejects with nothing as a success. */
async function goesOn(error: unknown): Promise<never> {
  // oxlint-disable-next-line typescript/only-throw-error -- it is what a handler threw, whatever that is
  throw error ?? new Error('A handler rejected without an error')
}
