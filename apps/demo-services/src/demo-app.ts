import type { RequestListener, Server } from 'node:http'
import type { DemoServices } from './demo-services.ts'
import type { Operations } from './operations.ts'
import type { DemoManager } from './service-manager.ts'

/** The parts of a binding's services that a server needs. */
export interface BoundServices {
  shutdown(server: Server, limits: { readonly readyDelayMs: number; readonly timeoutMs: number }): Promise<void>
}

/** The parts of an application. */
export interface DemoContext extends DemoParts {
  /** Called with the application's services, which shut down its server. */
  readonly onBound: (services: BoundServices) => void
}

/** The parts that exist before the application. */
export interface DemoParts {
  readonly manager: DemoManager
  /** The same services without proxies. */
  readonly standard: DemoServices
  readonly operations: Operations
  /** Called for errors that were answered with a status of 500 or above. */
  readonly logError: (error: unknown) => void
}

/** One of the demos. */
export interface DemoApp {
  /** The name for the headline. */
  readonly framework: string
  readonly createListener: (context: DemoContext) => RequestListener
}
