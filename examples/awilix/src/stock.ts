// As it was before: a client of the warehouse's API, and a handler. Neither knows svcproxy.
export interface Settings {
  readonly warehouseUrl: string
}

export interface Stock {
  count(sku: string): Promise<number>
}

export class StockClient implements Stock {
  readonly #url: string

  constructor({ settings }: { settings: Settings }) {
    this.#url = settings.warehouseUrl
  }

  async count(sku: string): Promise<number> {
    const response = await fetch(`${this.#url}/stock/${encodeURIComponent(sku)}`)
    const body = await response.text()
    if (!response.ok) throw new Error(`The warehouse answered ${response.status}`, { cause: response })
    return Number(body)
  }
}

/** The container hands it what it asks for. */
export class AvailabilityHandler {
  readonly #stock: Stock

  constructor({ stock }: { stock: Stock }) {
    this.#stock = stock
  }

  async handle(sku: string) {
    const count = await this.#stock.count(sku)
    return { sku, available: count > 0, count }
  }
}
