import { nativeBreaker } from '@svcproxy/breaker-native'
import { opossumBreaker } from '@svcproxy/breaker-opossum'
import { ServiceProxyManager } from '@svcproxy/core'
import type { BreakerFactory, ProxySettings, RequestCounts } from '@svcproxy/core'
import type { Kind } from './kinds.ts'
import { NotFoundError } from './records.ts'
import type { Records } from './records.ts'
import { recordsProvider } from './records-provider.ts'
import type { ProviderLedger, RecordsProviderOptions } from './records-provider.ts'
import { contradictions, Tally } from './tally.ts'

/** Calls that a proxy lets run at once. */
export const MAX_CONCURRENT_CALLS = 20
/** The deadline of a load and of a call, in milliseconds. */
export const DEADLINE_MS = 250
export const RECOVERY_MS = 300
const HEALTH_INTERVAL_MS = 200

const TTL_MS = { checked: 400, replaced: 400, kept: 60_000 }

/** One proxy of the soak, with what its callers and its provider know of it. */
export interface Contestant {
  readonly kind: Kind
  readonly manager: ServiceProxyManager<{ readonly records: Records }>
  readonly tally: Tally
  readonly ledger: ProviderLedger
  /** What its counts said that cannot be; the first few. */
  readonly contradictions: string[]
}

export function createContestant(options: RecordsProviderOptions): Contestant {
  const { provider, ledger } = recordsProvider(options)
  const manager = new ServiceProxyManager(settingsOf(options.kind)).add('records', { provider })
  return { kind: options.kind, manager, tally: new Tally(), ledger, contradictions: [] }
}

export function countsOf({ manager }: Contestant): RequestCounts {
  return manager.getProxy('records').getCounts()
}

/** Compares what it says with what its callers know. */
export function audit(contestant: Contestant, when: string): void {
  const { kind, tally } = contestant
  if (contestant.contradictions.length > 2) return
  const found = contradictions(tally.ends, countsOf(contestant), kind.breaker !== 'none')
  contestant.contradictions.push(...found.map((contradiction) => `${when}: ${contradiction}`))
}

function settingsOf({ breaker, renewal, monitored, staleWhileRevalidateMs = 0 }: Kind): ProxySettings {
  return {
    ...circuitOf(breaker),
    timeoutMs: DEADLINE_MS,
    cacheTtlMs: TTL_MS[renewal],
    staleWhileRevalidateMs,
    backoffInitialMs: 50,
    backoffMaxMs: 400,
    disposeGraceMs: 500,
    maxConcurrentCalls: MAX_CONCURRENT_CALLS,
    healthIntervalMs: monitored ? HEALTH_INTERVAL_MS : 0,
  }
}

function circuitOf(breaker: Kind['breaker']): ProxySettings {
  if (breaker === 'none') return { circuit: false }
  const makers: Record<'native' | 'opossum', () => BreakerFactory> = { native: nativeBreaker, opossum: opossumBreaker }
  return {
    breaker: makers[breaker](),
    circuit: {
      failureThreshold: 5,
      successThreshold: 2,
      recoveryTimeoutMs: RECOVERY_MS,
      isFailure: (error) => !(error instanceof NotFoundError),
    },
  }
}
