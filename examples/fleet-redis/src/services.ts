// Two services of the shop, and what its processes share of them.
import { nativeBreaker } from '@svcproxy/breaker-native'
import { callSignal, factoryProvider, httpFailure, ServiceProxyManager } from '@svcproxy/core'
import { joinFleet } from '@svcproxy/fleet'
import { redisStore } from '@svcproxy/redis'

const { BACK_OFFICE = '', REDIS_URL = '', NAMESPACE = 'shop', LABEL = `process ${process.pid}` } = process.env

/** A list that is read once and then kept, until somebody says that it has changed. */
const prices = factoryProvider('prices', {
  async create({ signal }) {
    const list = await ask<Record<string, number>>('/prices', { signal })
    const readAt = new Date().toISOString()
    return { of: async (sku: string) => ({ sku, cents: list[sku], readAt }) }
  },
})

const payments = factoryProvider('payments', {
  create: () => ({
    pay: (order: string) => ask(`/payments/${encodeURIComponent(order)}`, { method: 'POST', signal: callSignal() }),
  }),
})

export async function openShop() {
  const manager = new ServiceProxyManager({ breaker: nativeBreaker(), timeoutMs: 1_000 })
    .add('prices', { provider: prices, cacheTtlMs: Infinity })
    .add('payments', {
      provider: payments,
      // Five failures of all processes together. The time is short, so that you can watch it.
      circuit: { isFailure: httpFailure, failureThreshold: 5, recoveryTimeoutMs: 1_000, successThreshold: 1 },
    })
  const store = redisStore({ url: REDIS_URL })
  const fleet = await joinFleet(manager, { store, namespace: NAMESPACE, circuits: ['payments'], label: LABEL })
  return { manager, fleet }
}

async function ask<T>(path: string, { method = 'GET', signal }: { method?: string; signal: AbortSignal | undefined }) {
  const response = await fetch(BACK_OFFICE + path, { method, signal: signal ?? null })
  if (!response.ok) {
    await response.body?.cancel() // unread, it would hold its connection
    throw new Error(`The back office answered ${response.status}`, { cause: response })
  }
  return (await response.json()) as T
}
