import { setImmediate as turn } from 'node:timers/promises'
import { nativeBreaker } from '@svcproxy/breaker-native'
import { factoryProvider, ServiceProxyManager } from '@svcproxy/core'
import { joinFleet } from '@svcproxy/fleet'
import { redisStore } from '@svcproxy/redis'
import { now } from '../clock.ts'
import type { Cost, CostOrder } from './orders.ts'

const CALLS_IN_A_BATCH = 2_000
const WARM_UP_BATCHES = 30

type Call = () => Promise<string>

/** Interleaved: in each round a batch of each, in another order than in the round before. */
export async function timeCalls({ url, rounds, isFleetFirst }: CostOrder): Promise<Cost> {
  await using contenders = await contendersOf(url, isFleetFirst)
  const { without, control, withFleet } = contenders
  const times = {
    without: new Float64Array(rounds),
    control: new Float64Array(rounds),
    withFleet: new Float64Array(rounds),
  }
  const all = [
    [without, times.without],
    [control, times.control],
    [withFleet, times.withFleet],
  ] as const
  for (let batch = 0; batch < WARM_UP_BATCHES; batch++) for (const [call] of all) await timeBatch(call)
  for (let round = 0; round < rounds; round++) {
    for (let place = 0; place < all.length; place++) {
      const next = all[(place + round) % all.length]
      if (next !== undefined) next[1][round] = await timeBatch(next[0])
    }
    // The fleet may do what is due, outside of any batch.
    await turn()
  }
  return times
}

/** The time of one call, in nanoseconds. */
async function timeBatch(call: Call): Promise<number> {
  const startedAt = now()
  for (let count = 0; count < CALLS_IN_A_BATCH; count++) await call()
  return ((now() - startedAt) / CALLS_IN_A_BATCH) * 1e6
}

async function contendersOf(url: string, isFleetFirst: boolean) {
  const ends: (() => Promise<unknown>)[] = []
  const contender = async (isInFleet: boolean): Promise<Call> => {
    const provider = factoryProvider('desk', { create: () => ({ ask: async () => 'answer' }) })
    const manager = new ServiceProxyManager({ breaker: nativeBreaker() }).add('desk', { provider })
    ends.push(() => manager.stop())
    if (isInFleet) {
      const fleet = await joinFleet(manager, { store: redisStore({ url }), namespace: 'cost', circuits: ['desk'] })
      ends.unshift(() => fleet.leave())
    }
    const { service } = manager.getProxy('desk')
    return () => service.ask()
  }
  const early = isFleetFirst ? await contender(true) : undefined
  const [without, control] = [await contender(false), await contender(false)]
  return {
    without,
    control,
    withFleet: early ?? (await contender(true)),
    async [Symbol.asyncDispose](): Promise<void> {
      for (const end of ends) await end()
    },
  }
}
