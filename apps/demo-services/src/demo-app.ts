import type { RequestListener } from 'node:http'
import type { DemoServices } from './demo-services.ts'
import type { Operations } from './operations.ts'
import type { DemoManager } from './service-manager.ts'

/** What an application is made from. */
export interface DemoContext {
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
