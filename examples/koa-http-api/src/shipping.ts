// The client of the shipping API. All it has to do with svcproxy is the signal: with it, a request ends with its call.
import { callSignal } from '@svcproxy/core'

export interface Parcel {
  readonly id: string
  readonly state: string
}

/** The API answered, but not with what it was asked for. */
export class ShippingError extends Error {
  override readonly name = 'ShippingError'
  readonly status: number
  readonly retryAfterMs: number | undefined

  constructor({ status, headers }: Response) {
    super(`The shipping API answered ${status}`)
    this.status = status
    const seconds = Number(headers.get('retry-after') ?? Number.NaN)
    this.retryAfterMs = Number.isFinite(seconds) ? seconds * 1_000 : undefined
  }
}

export class Shipping {
  readonly #apiUrl: string

  constructor(apiUrl: string) {
    this.#apiUrl = apiUrl
  }

  track(id: string): Promise<Parcel> {
    return this.#send(`/parcels/${encodeURIComponent(id)}`)
  }

  book(address: string): Promise<Parcel> {
    const headers = { 'content-type': 'application/json' }
    return this.#send('/parcels', { method: 'POST', headers, body: JSON.stringify({ address }) })
  }

  async #send(path: string, init: RequestInit = {}): Promise<Parcel> {
    const response = await fetch(this.#apiUrl + path, { ...init, signal: callSignal() ?? null })
    if (!response.ok) {
      await response.body?.cancel() // unread, it would hold its connection
      throw new ShippingError(response)
    }
    return (await response.json()) as Parcel
  }
}
