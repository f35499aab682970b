// The service: rates of exchange, from somebody else's API.
import { factoryProvider, type ServiceProvider } from '@svcproxy/core'

export interface Rates {
  of(currency: string): Promise<number>
}

export function ratesProvider(url: string): ServiceProvider<Rates> {
  return factoryProvider<Rates>('rates', {
    create: ({ callSignal }) => ({
      async of(currency) {
        const response = await fetch(`${url}/${encodeURIComponent(currency)}`, { signal: callSignal() ?? null })
        const body = await response.text()
        if (!response.ok) throw new Error(`The rates API answered ${response.status}`, { cause: response })
        return Number(body)
      },
    }),
  })
}
