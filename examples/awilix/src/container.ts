// As it was before: the container of the application.
import { asClass, asValue, createContainer } from 'awilix'
import { AvailabilityHandler, type Settings, type Stock, StockClient } from './stock.ts'

export interface Cradle {
  readonly settings: Settings
  readonly stock: Stock
  readonly availability: AvailabilityHandler
}

export function createAppContainer(settings: Settings) {
  return createContainer<Cradle>().register({
    settings: asValue(settings),
    stock: asClass(StockClient).singleton(),
    availability: asClass(AvailabilityHandler).scoped(),
  })
}
