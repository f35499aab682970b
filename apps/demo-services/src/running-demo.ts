import type { DemoPolicy } from './service-manager.ts'
import type { DemoApp } from './demo-app.ts'
import { startServer } from './demo-server.ts'
import type { DemoServer } from './demo-server.ts'
import { openDemoWorld } from './demo-world.ts'
import type { DemoWorld } from './demo-world.ts'

/** A demo that serves, without its story. */
export interface RunningDemo extends AsyncDisposable {
  readonly world: DemoWorld
  readonly server: DemoServer
}

/** Starts a demo with an embedded database; for tests. */
export async function startDemo(app: DemoApp, policy: DemoPolicy): Promise<RunningDemo> {
  const world = await openDemoWorld({ databaseUrl: undefined, policy, logError: () => undefined })
  const server = await startServer(app, world.context, { port: 0 })
  return {
    world,
    server,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      await world[Symbol.asyncDispose]()
    },
  }
}
