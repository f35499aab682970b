import type { DemoPolicy } from './service-manager.ts'
import type { DemoParts } from './demo-app.ts'
import { openOperations } from './operations.ts'
import { EmbeddedPostgres } from './postgres/embedded-postgres.ts'
import { noTraffic, placeOf } from './postgres/database.ts'
import type { DatabaseTraffic } from './postgres/database.ts'
import { createServiceManager } from './service-manager.ts'
import { openStandardServices } from './standard-services.ts'
import type { Side } from './story/ledger.ts'
import { messageOf } from './story/terminal.ts'

/** The application names that PostgreSQL sees. */
export const APPLICATION_NAMES: Readonly<Record<Side, string>> = {
  standard: 'svcproxy-demo standard',
  proxied: 'svcproxy-demo proxied',
}

export interface DemoWorldOptions {
  /** The user's own PostgreSQL; undefined: an embedded one. */
  readonly databaseUrl: string | undefined
  readonly policy?: DemoPolicy
  /** @defaultValue the file in the repository */
  readonly featuresFile?: URL
  /** The name of this process for operators. @defaultValue random */
  readonly instanceId?: string
  readonly logError: (error: unknown) => void
}

/** The running parts of a demo: the database, and the services with and without proxies. */
export interface DemoWorld extends AsyncDisposable {
  readonly context: DemoParts
  /** Undefined if the database is the user's own. */
  readonly embedded: EmbeddedPostgres | undefined
  readonly databaseUrl: string
  readonly traffic: { readonly standard: DatabaseTraffic; readonly proxied: DatabaseTraffic }
}

/** Disposed in reverse order: users of a resource before the resource. */
export async function openDemoWorld(options: DemoWorldOptions): Promise<DemoWorld> {
  const { databaseUrl, policy, featuresFile, instanceId, logError } = options
  const embedded = databaseUrl === undefined ? await EmbeddedPostgres.start() : undefined
  const url = databaseUrl ?? embedded?.url ?? ''
  const traffic = { standard: noTraffic(), proxied: noTraffic() }
  try {
    const standard = await openStandardServices({
      url,
      traffic: traffic.standard,
      applicationName: APPLICATION_NAMES.standard,
    }).catch((cause: unknown) => {
      throw new Error(`PostgreSQL at ${placeOf(url)} cannot be used: ${messageOf(cause)}`, { cause })
    })
    const manager = createServiceManager({
      database: { url, traffic: traffic.proxied, applicationName: APPLICATION_NAMES.proxied },
      policy,
      ...(featuresFile && { featuresFile }),
    })
    return {
      context: { manager, standard: standard.services, operations: openOperations(manager, instanceId), logError },
      embedded,
      databaseUrl: url,
      traffic,
      async [Symbol.asyncDispose]() {
        await embedded?.thaw()
        await manager.stop()
        await standard.end()
        await embedded?.[Symbol.asyncDispose]()
      },
    }
  } catch (error) {
    await embedded?.[Symbol.asyncDispose]()
    throw error
  }
}
