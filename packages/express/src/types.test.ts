import { factoryProvider, type Guarded, ServiceProxyManager } from '@svcproxy/core'
import express, { type Request } from 'express'
import { expectTypeOf, test } from 'vitest'
import '@svcproxy/express/augment'
import { bindServices, type ExpressServices, type ServicesOf } from './index.ts'

interface Greeter {
  greet(name: string): string
}

const provider = factoryProvider<Greeter>('greeter', { create: () => ({ greet: (name) => name }) })
const manager = new ServiceProxyManager().add('greeter', { provider }).add('other', { provider })
const services: ExpressServices<{ greeter: Greeter; other: Greeter }> = bindServices(manager)

declare module '@svcproxy/express/augment' {
  interface AttachedServices extends ServicesOf<typeof services> {}
}

test('handlers see the services typed by name, and route parameters stay typed', () => {
  const app = express()
  app.use(services.health(), services.middleware())
  app.get('/:id', async (req, res) => {
    const { greeter } = services.from(req)
    expectTypeOf(greeter).toEqualTypeOf<Guarded<Greeter>>()
    expectTypeOf(req.params.id).toEqualTypeOf<string>()
    // @ts-expect-error -- there is no such service
    void services.from(req).nobody
    // @ts-expect-error -- a name is a string
    res.json(await greeter.greet(req.params.id * 1))
  })
  app.use(services.errorHandler({ exposeServiceName: true }))
})

test('inject gives what was asked for and nothing else', () => {
  const app = express()
  app.get(
    '/:id',
    services.inject(['greeter'], async (injected, req: Request<{ id: string }>, res) => {
      expectTypeOf(injected.greeter).toEqualTypeOf<Guarded<Greeter>>()
      expectTypeOf(req.params.id).toEqualTypeOf<string>()
      // @ts-expect-error -- not asked for
      void injected.other
      res.json(await injected.greeter.greet('Ada'))
    }),
  )
  // @ts-expect-error -- there is no such service
  expectTypeOf(() => services.inject(['nobody'], () => {})).toBeFunction()
})

test('req.services is typed where an application asked for it', () => {
  express().get('/', (req) => {
    expectTypeOf(req.services.greeter).toEqualTypeOf<Guarded<Greeter>>()
  })
})
