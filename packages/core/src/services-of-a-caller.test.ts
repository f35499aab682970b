import { expect, expectTypeOf, test, vi } from 'vitest'
import { factoryProvider, type Guarded, ServiceProxyManager } from './index.ts'

interface Greeter {
  greet(name: string): string
  hang(): Promise<never>
}

const greeter: Greeter = { greet: (name) => `Hello, ${name}`, hang: () => new Promise(() => {}) }

function managerOfTwo() {
  const provider = factoryProvider('greeter', { create: () => greeter })
  return new ServiceProxyManager().add('greeter', { provider }).add('other', { provider })
}

test("a caller's calls end with the caller's signal, and those of others go on", async () => {
  await using manager = managerOfTwo()
  const caller = new AbortController()
  const mine = manager.servicesWith(caller).greeter
  const hanging = mine.hang()
  const gone = new Error('gone')
  await manager.services.greeter.greet('Ada')
  caller.abort(gone)
  await expect(hanging).rejects.toBe(gone)
  await expect(mine.greet('Ada')).rejects.toBe(gone)
  await expect(manager.services.greeter.greet('Ada')).resolves.toBe('Hello, Ada')
  expect(manager.getProxy('greeter').getMetrics()).toMatchObject({ totalRequests: 4, inFlight: 0 })
})

test("a caller's signal is asked for when a call is made, not before", async () => {
  await using manager = managerOfTwo()
  let asked = 0
  const caller = {
    get signal() {
      asked++
      return new AbortController().signal
    },
  }
  const { greeter } = manager.servicesWith(caller)
  expect(asked).toBe(0)
  await greeter.greet('Ada')
  expect(asked).toBe(1)
})

test("a service's facade is made once for a caller, and only when it is asked for", async () => {
  await using manager = managerOfTwo()
  const making = vi.spyOn(manager.getProxy('greeter'), 'serviceWith')
  const services = manager.servicesWith({})
  expect(making).not.toHaveBeenCalled()
  expect(services.greeter).toBe(services.greeter)
  expect(making).toHaveBeenCalledOnce()
  expect(Object.keys(services)).toEqual([])
  expect(manager.servicesWith({}).greeter).not.toBe(services.greeter)
  expectTypeOf(services.greeter).toEqualTypeOf<Guarded<Greeter>>()
})

test("a caller's map holds services and nothing else: no prototype, and none that was removed", async () => {
  await using manager = managerOfTwo()
  await manager.removeProxy('other')
  const services: object = manager.servicesWith({})
  for (const name of ['other', '__proto__', 'constructor', 'toString', 'then']) {
    expect(Reflect.get(services, name)).toBeUndefined()
    expect(name in services).toBe(false)
  }
  expect('greeter' in services).toBe(true)
})
