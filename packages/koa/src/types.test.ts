import { factoryProvider, type Guarded, ServiceProxyManager } from '@svcproxy/core'
import Koa from 'koa'
import { expectTypeOf, test } from 'vitest'
import { bindServices, type StateOf } from './index.ts'

interface Greeter {
  greet(name: string): string
}

const provider = factoryProvider<Greeter>('greeter', { create: () => ({ greet: (name) => name }) })
const services = bindServices(new ServiceProxyManager().add('greeter', { provider }).add('other', { provider }))

test('middleware sees the services typed by name', () => {
  const app = new Koa<StateOf<typeof services>>()
  app.use(services.errorHandler({ exposeServiceName: true }))
  app.use(services.health({ authorize: (ctx) => ctx.get('authorization') === 'yes' }))
  app.use(services.middleware())
  app.use(async (ctx) => {
    expectTypeOf(ctx.state.services.greeter).toEqualTypeOf<Guarded<Greeter>>()
    expectTypeOf(services.from(ctx).greeter).toEqualTypeOf<Guarded<Greeter>>()
    // @ts-expect-error -- there is no such service
    void ctx.state.services.nobody
    // @ts-expect-error -- a name is a string
    ctx.body = await services.from(ctx).greeter.greet(1)
  })
})

test('inject gives what was asked for and nothing else', () => {
  const app = new Koa<StateOf<typeof services>>()
  app.use(
    services.inject(['greeter'], async (injected, ctx) => {
      expectTypeOf(injected.greeter).toEqualTypeOf<Guarded<Greeter>>()
      expectTypeOf(ctx.path).toEqualTypeOf<string>()
      // @ts-expect-error -- not asked for
      void injected.other
      ctx.body = await injected.greeter.greet('Ada')
    }),
  )
  // @ts-expect-error -- there is no such service
  expectTypeOf(() => services.inject(['nobody'], () => {})).toBeFunction()
})
