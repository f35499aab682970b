import { InvalidOptionError, type ServiceProxyManager } from '@svcproxy/core'
import { checkTimeout } from '../option-checks.ts'
import { type EndingServer, endingOf } from './ending.ts'
import { type DrainLimits, ServerDrain } from './server-drain.ts'
import type { ShutdownServer } from './server-connections.ts'

/** Options of {@link shutdown}. */
export interface ShutdownOptions {
  /**
   * How long the server keeps accepting new connections, in milliseconds: as long as an orchestrator or a load balancer
   * may need to notice that the application is not ready. 0: it stops accepting at once.
   * @defaultValue 5 000  @throws {@link InvalidOptionError} (as a rejection) when not an integer in 0 … 2 147 483 647
   */
  readonly readyDelayMs?: number
  /**
   * When everything that is still open is closed, in milliseconds from the call: more than `readyDelayMs`, and less
   * than an orchestrator waits before it kills the process.
   * @defaultValue 30 000
   * @throws {@link InvalidOptionError} (as a rejection) when not an integer in 1 … 2 147 483 647, or not more than `readyDelayMs`
   */
  readonly timeoutMs?: number
}

/** Longer than any process lives, in milliseconds: for an interval that only keeps the process alive. */
const NEVER_MS = 2_147_483_647

/**
 * Shuts down an application as an orchestrator expects it:
 * 1. At once, `/readyz` fails, `/healthz` says `fail`, and every HTTP/1 response says `Connection: close`. Requests are
 *    still answered.
 * 2. After `readyDelayMs` the server accepts no new connections, and idle ones are closed.
 * 3. When the last request is answered, the manager stops. With several servers: after the last request of the last
 *    server.
 * 4. Everything that is still open at `timeoutMs`, or at a second call for the same server, is closed.
 *
 * It listens to no signal and ends no process: `process.on('SIGTERM', () => void shutdown(manager, server))`. When it
 * resolves, it leaves nothing that keeps the process alive. A server that is not listening is not an error. Time is
 * measured by the manager's clock.
 *
 * @returns the same promise for the same manager and server
 * @throws {@link InvalidOptionError} (as a rejection, before anything has begun), and what
 * {@link ServiceProxyManager.stop} rejects with
 */
export function shutdown<M extends object>(
  manager: ServiceProxyManager<M>,
  server: ShutdownServer,
  options: ShutdownOptions = {},
): Promise<void> {
  const { servers } = endingOf(manager)
  const known = servers.get(server)
  if (known !== undefined) {
    known.cut()
    return known.done
  }
  try {
    const begun = begin(manager, server, limitsOf(options))
    servers.set(server, begun)
    return begun.done
  } catch (error) {
    return Promise.reject(error)
  }
}

function begin<M extends object>(
  manager: ServiceProxyManager<M>,
  server: ShutdownServer,
  limits: DrainLimits,
): EndingServer {
  const ending = endingOf(manager)
  const endsAt = manager.clock.now() + limits.timeoutMs
  const drain = new ServerDrain(server, manager.clock, ending)
  const drained = drain.run(limits)

  const stop = async (): Promise<void> => {
    // The clock's timers do not keep the process alive, and what a manager waits for may not, either.
    const alive = setInterval(() => {}, NEVER_MS)
    try {
      await drained
      // Until then the calls of the other servers would be rejected.
      await Promise.all([...ending.servers.values()].map((other) => other.drained))
      const timeoutMs = drain.isCut ? 0 : Math.max(0, Math.floor(endsAt - manager.clock.now()))
      const stopped = manager.stop({ timeoutMs })
      await (drain.isCut ? stopped : Promise.race([stopped, drain.cutting]))
    } finally {
      drain.end()
      clearInterval(alive)
    }
  }
  return { cut: () => drain.cut(), drained, done: stop() }
}

function limitsOf({ readyDelayMs = 5_000, timeoutMs = 30_000 }: ShutdownOptions): DrainLimits {
  checkTimeout('readyDelayMs', readyDelayMs, 0)
  checkTimeout('timeoutMs', timeoutMs)
  if (timeoutMs > readyDelayMs) return { readyDelayMs, timeoutMs }
  throw new InvalidOptionError('timeoutMs', `more than readyDelayMs, which is ${readyDelayMs}`, timeoutMs)
}
