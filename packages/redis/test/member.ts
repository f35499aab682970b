import { decodeHint } from '@svcproxy/fleet'
import type { FleetStore, Hint } from '@svcproxy/fleet'
import { expect, onTestFinished, vi } from 'vitest'
import { redisStore } from '../src/index.ts'
import type { RedisStoreOptions } from '../src/index.ts'

/** A store, and what it has told. */
export interface Member {
  readonly store: FleetStore
  readonly told: string[]
  readonly hints: (Hint | undefined)[]
  /** Resolves when it has been connected so often. */
  connected(times: number, timeoutMs?: number): Promise<void>
}

/** A store that is opened, until the test ends. */
export function opened(options: RedisStoreOptions, namespace = 'test'): Member {
  const store = redisStore(options)
  onTestFinished(() => store.close())
  const told: string[] = []
  const hints: (Hint | undefined)[] = []
  store.open(namespace, {
    connected: () => told.push('connected'),
    disconnected: () => told.push('disconnected'),
    hinted: (message) => hints.push(decodeHint(message)),
  })
  const connected = (times: number, timeoutMs = 5_000): Promise<void> =>
    vi.waitFor(() => expect(told.filter((one) => one === 'connected').length).toBeGreaterThanOrEqual(times), {
      timeout: timeoutMs,
      interval: 5,
    })
  return { store, told, hints, connected }
}
