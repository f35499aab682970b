import type { DemoPolicy } from './service-manager.ts'
import type { DemoApp } from './demo-app.ts'
import { startServer } from './demo-server.ts'
import type { DemoServer } from './demo-server.ts'
import { openDemoWorld } from './demo-world.ts'
import type { DemoWorld } from './demo-world.ts'
import { connectDatabase, noTraffic } from './postgres/database.ts'
import { DEMO_POLICY } from './story/demo-policy.ts'
import { EMBEDDED_STORY } from './story/embedded-story.ts'
import { tellStory } from './story/story.ts'

/** A running demo, which can tell parts of its story. */
export interface RunningDemo extends AsyncDisposable {
  readonly world: DemoWorld
  readonly server: DemoServer
  /**
   * Tells the given acts (1 is the first), as `npm run demo` tells all of them. Resolves with whether their checks
   * passed.
   */
  tell(...acts: number[]): Promise<boolean>
  /** The recorded commands of a user. */
  auditEntriesOf(actor: string): Promise<object[]>
}

/** Starts a demo with an embedded database; for tests. @param policy @defaultValue the policy of the story */
export async function startDemo(app: DemoApp, policy: DemoPolicy = DEMO_POLICY): Promise<RunningDemo> {
  const world = await openDemoWorld({ databaseUrl: undefined, policy, logError: () => undefined })
  const server = await startServer(app, world.context, { port: 0 })
  return {
    world,
    server,
    tell(...acts) {
      const parts = {
        ...world,
        framework: app.framework,
        baseUrl: server.url,
        interrupted: new AbortController().signal,
      }
      return tellStory(parts, acts.map(actOf))
    },
    async auditEntriesOf(actor) {
      const database = await connectDatabase({ url: world.databaseUrl, traffic: noTraffic() })
      const text = 'select action, entity_id, details from svcproxy_demo.audit_entries where actor = $1'
      const entries = await database.query(text, [actor])
      await database.end()
      return entries
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      await world[Symbol.asyncDispose]()
    },
  }
}

function actOf(number: number): (typeof EMBEDDED_STORY)[number] {
  const act = EMBEDDED_STORY[number - 1]
  if (act === undefined)
    throw new RangeError(`The number of an act must be in 1 … ${EMBEDDED_STORY.length}; received ${number}`)
  return act
}
