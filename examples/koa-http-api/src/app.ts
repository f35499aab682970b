import { bodyParser } from '@koa/bodyparser'
import { Router } from '@koa/router'
import { nativeBreaker } from '@svcproxy/breaker-native'
import { factoryProvider, httpFailure, ServiceProxyManager } from '@svcproxy/core'
import { bindServices, type StateOf } from '@svcproxy/koa'
import Koa, { type Context, type Next } from 'koa'
import { Shipping, ShippingError } from './shipping.ts'

export function createApp(apiUrl: string) {
  const manager = new ServiceProxyManager({ breaker: nativeBreaker() }).add('shipping', {
    provider: factoryProvider('shipping', { create: () => new Shipping(apiUrl) }),
    timeoutMs: 700, // of each attempt
    requestTimeoutMs: 1_000, // of all attempts and the waits between them
    methods: { track: { retry: true } }, // a GET may be sent twice, a booking may not
    retry: { attempts: 3, isRetryable: whenToRetry },
    circuit: {
      isFailure: httpFailure, // a 404 is an answer, a 503 is a failure
      failureThreshold: Infinity,
      failureRate: { ratio: 0.8 }, // of the attempts of 10 s, if there were 20
      recoveryTimeoutMs: 1_000, // short, so that you can watch it; 30 s if you leave it out
      successThreshold: 1,
    },
  })
  const services = bindServices(manager)
  const app = new Koa<StateOf<typeof services>>()
  app.use(services.health()) // /livez /readyz /healthz
  app.use(services.errorHandler()) // 503 with Retry-After while the circuit is open, 504 when time is up
  app.use(answerForShipping)
  app.use(services.middleware())
  app.use(bodyParser())

  const router = new Router<StateOf<typeof services>>()
  router.get('/parcels/:id', async (ctx) => {
    ctx.body = await ctx.state.services.shipping.track(String(ctx.params.id)) // ends when the client goes
  })
  router.post('/parcels', async (ctx) => {
    const { address }: { address?: unknown } = ctx.request.body ?? {}
    if (typeof address !== 'string') return ctx.throw(400, 'A parcel has an address')
    ctx.body = await ctx.state.services.shipping.book(address)
    ctx.status = 201
  })
  app.use(router.routes())
  return { app, manager, services }
}

/** The API may say when it is worth another attempt. One for which there is no time left is not made. */
function whenToRetry(error: unknown) {
  const afterMs = error instanceof ShippingError ? error.retryAfterMs : undefined
  return afterMs === undefined ? true : { afterMs }
}

/** Errors of the API arrive here as they are. A parcel that it does not know we do not know either. */
async function answerForShipping(ctx: Context, next: Next): Promise<void> {
  try {
    await next()
  } catch (error) {
    if (!(error instanceof ShippingError)) throw error
    ctx.status = error.status === 404 ? 404 : 502
    ctx.body = { title: error.message }
  }
}
