// Two processes' worth of a fleet over a real Redis: what one invalidates, the other loads anew. `fleet.mjs redis://…`
import assert from 'node:assert/strict'
import { nativeBreaker } from '@svcproxy/breaker-native'
import { factoryProvider, ServiceProxyManager } from '@svcproxy/core'
import { joinFleet } from '@svcproxy/fleet'
import { redisStore } from '@svcproxy/redis'

const [url] = process.argv.slice(2)
const member = async () => {
  let made = 0
  const provider = factoryProvider('config', { create: () => ({ version: () => made, made: ++made }) })
  const manager = new ServiceProxyManager({ breaker: nativeBreaker() }).add('config', { provider })
  const fleet = await joinFleet(manager, { store: redisStore({ url }), namespace: 'rehearsal', circuits: ['config'] })
  return { manager, fleet }
}
const [one, two] = [await member(), await member()]
assert.equal(await two.manager.services.config.version(), 1)
assert.deepEqual(await one.fleet.invalidate('config'), { local: true, fleet: 'sent' })
const endsAt = Date.now() + 5_000
while ((await two.manager.services.config.version()) !== 2) {
  assert.ok(Date.now() < endsAt, 'the invalidation did not arrive')
  await new Promise((resolve) => setTimeout(resolve, 1))
}
assert.equal(two.manager.fleet.status.state, 'connected')
for (const { fleet, manager } of [one, two]) {
  await fleet.leave()
  await manager.stop()
}
console.log('joined, invalidated, left')
