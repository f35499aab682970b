import { factoryProvider, type Guarded, ServiceProxyManager } from '@svcproxy/core'
import connect from 'connect'
import { expectTypeOf, test } from 'vitest'
import { bindServices, type ServicesOf } from './index.ts'

interface Greeter {
  greet(name: string): string
}

const provider = factoryProvider<Greeter>('greeter', { create: () => ({ greet: (name) => name }) })
const services = bindServices(new ServiceProxyManager().add('greeter', { provider }).add('other', { provider }))

test('handlers see the services typed by name', () => {
  const app = connect()
  app.use(services.health({ authorize: (req) => req.headers.authorization === 'yes' }))
  app.use(services.middleware())
  app.use((req, res, next) => {
    const { greeter } = services.from(req)
    expectTypeOf(greeter).toEqualTypeOf<Guarded<Greeter>>()
    expectTypeOf(greeter).toEqualTypeOf<ServicesOf<typeof services>['greeter']>()
    // @ts-expect-error -- there is no such service
    void services.from(req).nobody
    // @ts-expect-error -- a name is a string
    greeter.greet(1).then((text) => res.end(text), next)
  })
  app.use(services.errorHandler({ exposeServiceName: true }))
})

test('inject gives what was asked for and nothing else', () => {
  connect().use(
    services.inject(['greeter'], async (injected, _req, res) => {
      expectTypeOf(injected.greeter).toEqualTypeOf<Guarded<Greeter>>()
      // @ts-expect-error -- not asked for
      void injected.other
      res.end(await injected.greeter.greet('Ada'))
    }),
  )
  // @ts-expect-error -- there is no such service
  expectTypeOf(() => services.inject(['nobody'], () => {})).toBeFunction()
})
