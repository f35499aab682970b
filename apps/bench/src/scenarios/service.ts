import {
  type BreakerFactory,
  type ProxySettings,
  type ServiceProxyOptions,
  factoryProvider,
  ServiceProxy,
} from '@svcproxy/core'

/** The service behind every guarded call: an answer that is there already, so that only the guard is measured. */
export const service = {
  find: async (id: number): Promise<number> => id,
  fail: async (): Promise<never> => {
    throw FAILURE
  },
  chat: { completions: { create: async (id: number): Promise<number> => id } },
}

/** Made once: what is measured is how a failure passes, not how an Error is built. */
const FAILURE = new Error('the service failed')

/** A proxy over {@link service}, its instance loaded. */
export async function readyProxy(
  breaker: BreakerFactory,
  settings: ProxySettings & Pick<ServiceProxyOptions<typeof service>, 'methods'> = {},
  name = 'service',
): Promise<ServiceProxy<typeof service>> {
  const proxy = new ServiceProxy(name, {
    provider: factoryProvider(name, { create: () => service }),
    cacheTtlMs: 300_000,
    ...settings,
    breaker,
  })
  await proxy.get()
  return proxy
}

/** The breakers of svcproxy by the name they have in the tables. */
export const breakers: Readonly<Record<'native' | 'opossum', () => Promise<BreakerFactory>>> = {
  native: async () => (await import('@svcproxy/breaker-native')).nativeBreaker(),
  opossum: async () => (await import('@svcproxy/breaker-opossum')).opossumBreaker(),
}
