import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { nativeBreaker } from '@svcproxy/breaker-native'
import { factoryProvider, ServiceProxyManager } from '@svcproxy/core'
import { joinFleet } from '@svcproxy/fleet'
import { redisStore } from '@svcproxy/redis'

const CALLS = 15_000
const STORE_OPERATIONS = 150
/** After so long the fleet has been told of a failure, in milliseconds. */
const TOLD_MS = 3

/**
 * A process that has run for long has its code compiled: so have those that are measured, before anything is. In a fleet of
 * its own it calls, fails, tells of it, and invalidates.
 */
export async function warmUp(url: string): Promise<void> {
  let fails = false
  const ask = async (): Promise<string> => {
    if (fails) throw new Error('The service is down')
    return 'answer'
  }
  const provider = factoryProvider('desk', { create: () => ({ ask }) })
  const manager = new ServiceProxyManager({ breaker: nativeBreaker() }).add('desk', { provider })
  const namespace = `warm-up-${randomUUID()}`
  const fleet = await joinFleet(manager, { store: redisStore({ url }), namespace, circuits: ['desk'] })
  const { service } = manager.getProxy('desk')
  for (let operation = 0; operation < STORE_OPERATIONS; operation++) {
    for (let call = 0; call < CALLS / STORE_OPERATIONS; call++) await service.ask()
    fails = true
    await service.ask().catch(() => undefined)
    fails = false
    await fleet.invalidate('desk')
    await wait(TOLD_MS)
  }
  await fleet.leave()
  await manager.stop()
}
