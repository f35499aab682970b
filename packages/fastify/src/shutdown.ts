import { InvalidOptionError, type ServiceProxyManager } from '@svcproxy/core'
import { shutdown, type ShutdownOptions } from '@svcproxy/http'
import type { ClosableApp } from './framework.ts'

/** The shutdown of a manager's application; Fastify closes last, since from then on it answers 503. */
export function shutdownOf<M extends object>(
  manager: ServiceProxyManager<M>,
): (app: ClosableApp, options?: ShutdownOptions) => Promise<void> {
  const closings = new WeakMap<Promise<void>, Promise<void>>()
  return (app, options) => {
    const ended = shutdown(manager, app.server, options)
    const closing = closings.get(ended) ?? closeAfter(ended, app)
    closings.set(ended, closing)
    return closing
  }
}

async function closeAfter(ended: Promise<void>, app: ClosableApp): Promise<void> {
  try {
    await ended
  } catch (error) {
    // The options are wrong, and nothing has begun. Otherwise the manager could not stop, and the application still ends.
    if (!(error instanceof InvalidOptionError)) await app.close()
    throw error
  }
  await app.close()
}
