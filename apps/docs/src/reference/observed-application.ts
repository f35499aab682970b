// An application that has one of everything that is measured, so that each metric has a series to be listed.
import { setTimeout as pause } from 'node:timers/promises'
import { nativeBreaker } from '@svcproxy/breaker-native'
import { factoryProvider, ServiceProxyManager } from '@svcproxy/core'
import { joinFleet } from '@svcproxy/fleet'
import { MemoryFleet } from '@svcproxy/testing/fleet'

interface Clock {
  now(): Promise<number>
}

interface Down {
  ask(): Promise<never>
}

/** It runs, and begins to work when it is told to. */
export interface ObservedApplication extends AsyncDisposable {
  readonly manager: ServiceProxyManager<{ clock: Clock; down: Down }>
  /** Makes the calls that some series begin with, and waits until all are there. */
  use(): Promise<void>
}

/** A process with a service that is well and one that is down, in a fleet. */
export async function observedApplication(): Promise<ObservedApplication> {
  const clock = factoryProvider<Clock>('clock', {
    create: () => ({ now: async () => Date.now() }),
    checkHealth: () => true,
  })
  const down = factoryProvider<Down>('down', { create: () => ({ ask: () => Promise.reject(new Error('down')) }) })
  const manager = new ServiceProxyManager({ breaker: nativeBreaker(), circuit: { failureThreshold: 1 } })
    .add('clock', {
      provider: clock,
      circuit: { failureRate: { ratio: 0.5 }, slowCalls: { thresholdMs: 1_000, ratio: 0.5 } },
      methods: { now: { retry: true } },
      maxConcurrentCalls: 1,
      maxQueuedCalls: 1,
    })
    .add('down', { provider: down })
  const fleet = await joinFleet(manager, { store: new MemoryFleet().store(), namespace: 'docs', circuits: ['down'] })
  return {
    manager,
    async use() {
      const { services } = manager
      await services.clock.now()
      await Promise.all([services.clock.now(), services.clock.now()]) // the second one waits
      await manager.getProxy('clock').checkHealth()
      await services.down.ask().catch(() => {})
      // The fleet hears of the circuit some milliseconds after it opened.
      for (let waits = 0; fleet.status.circuits.length === 0 && waits < 100; waits++) await pause(20)
    },
    async [Symbol.asyncDispose]() {
      await fleet.leave()
      await manager.stop()
    },
  }
}
