import type { RequestListener, Server } from 'node:http'
import type { DemoServices } from './demo-services.ts'
import type { Operations } from './operations.ts'
import type { DemoManager } from './service-manager.ts'

/** What the services of either binding can do for a server. */
export interface BoundServices {
  shutdown(server: Server, limits: { readonly readyDelayMs: number; readonly timeoutMs: number }): Promise<void>
}

/** What an application is made from. */
export interface DemoContext extends DemoParts {
  /** To be told of the application's services, with which its server ends. */
  readonly onBound: (services: BoundServices) => void
}

/** What there is before an application is. */
export interface DemoParts {
  readonly manager: DemoManager
  /** The same services without proxies. */
  readonly standard: DemoServices
  readonly operations: Operations
  /** Told of errors that were answered with a status of 500 and above. */
  readonly logError: (error: unknown) => void
}

/** One of the demos. */
export interface DemoApp {
  /** For the headline. */
  readonly framework: string
  readonly createListener: (context: DemoContext) => RequestListener
}
