import type { RequestScopes } from '@svcproxy/http'
import type { FastifyPluginAsync, FastifyRequest, onRequestHookHandler } from 'fastify'
import type { PluginOptions } from './framework.ts'

interface ServicesPluginOptions extends PluginOptions {
  /** Whether what comes after the hooks has to run in the request's scope. */
  readonly asyncContext: boolean
}

/** Opens the scope of each request, and gives the request its services. */
export function servicesPlugin<M extends object>(
  scopes: RequestScopes<M>,
  { asyncContext, decorator = 'services' }: ServicesPluginOptions,
): FastifyPluginAsync {
  const open: onRequestHookHandler = (request, reply, done) => scopes.run(scopes.open(request.raw, reply.raw), done)
  const plugin: FastifyPluginAsync = async (instance) => {
    instance.decorateRequest(decorator, {
      getter(this: FastifyRequest): object {
        return scopes.of(this.raw).services
      },
    })
    instance.addHook('onRequest', open)
    // After the body was read, Fastify continues outside the context: enter it again.
    if (asyncContext) instance.addHook('preValidation', open)
  }
  return Object.assign(plugin, OF_THE_INSTANCE)
}

/** What `fastify-plugin` sets: the plugin is of the instance where it is registered, and for this major version. */
const OF_THE_INSTANCE = {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: '@svcproxy/fastify',
  [Symbol.for('plugin-meta')]: { name: '@svcproxy/fastify', fastify: '5.x' },
}
