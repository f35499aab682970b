// The application on a port of its own.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createApp } from '../src/app.ts'
import type { Manager } from '../src/services.ts'

export async function startApplication(manager: Manager) {
  const { app, services } = createApp(manager)
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    get: (path: string) => fetch(url + path),
    [Symbol.asyncDispose]: () => services.shutdown(server, { readyDelayMs: 0, timeoutMs: 100 }),
  }
}
