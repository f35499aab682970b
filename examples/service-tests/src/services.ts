// The policy. Tests give it another provider, and a clock that they move.
import { nativeBreaker } from '@svcproxy/breaker-native'
import { httpFailure, type ProxySettings, type ServiceProvider, ServiceProxyManager } from '@svcproxy/core'
import type { Rates } from './rates.ts'

export function createManager(rates: ServiceProvider<Rates>, settings: ProxySettings = {}) {
  return new ServiceProxyManager({ breaker: nativeBreaker(), ...settings }).add('rates', {
    provider: rates,
    timeoutMs: 1_000,
    methods: { of: { retry: { attempts: 2 } } },
    circuit: { isFailure: httpFailure, failureThreshold: 4, successThreshold: 2 }, // open for 30 s
  })
}

export type Manager = ReturnType<typeof createManager>
