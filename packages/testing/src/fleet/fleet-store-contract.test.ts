import { ManualClock } from '../manual-clock.ts'
import { fleetStoreContract } from './fleet-store-contract.ts'
import { MemoryFleet } from './memory-fleet.ts'
import type { MemoryFleetStore } from './memory-fleet.ts'

fleetStoreContract('the store in memory', async () => {
  const clock = new ManualClock()
  const engines = new MemoryFleet({ clock })
  const stores: MemoryFleetStore[] = []
  return {
    store: () => {
      const store = engines.store()
      stores.push(store)
      return store
    },
    pass: (ms) => clock.advanceAsync(ms),
    loseData: async () => {
      engines.stop()
      engines.restart('empty')
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(stores.map((store) => store.close()))
    },
  }
})
