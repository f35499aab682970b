// The service that handlers use, where it comes from, and what answers when it cannot.
import { factoryProvider } from '@svcproxy/core'
import { Database } from './database.ts'

interface Product {
  readonly id: number
  readonly name: string
  readonly cents: number
}

type Products = ReturnType<typeof productsIn>

let lastList: { asOf: string; products: Product[] } | undefined

function productsIn(database: Database) {
  return {
    async list() {
      const products = await database.query<Product>('select id, name, cents from products order by id')
      return (lastList = { asOf: new Date().toISOString(), products })
    },
    async add(name: string, cents: number) {
      const insert = 'insert into products (name, cents) values ($1, $2) returning id, name, cents'
      return (await database.query<Product>(insert, [name, cents]))[0]
    },
    ping: () => database.query('select 1'),
    close: () => database.end(),
  }
}

/** One pool for the whole process: made when it is first needed, checked, replaced when it breaks, closed at the end. */
export const productsProvider = (databaseUrl: string) =>
  factoryProvider('products', {
    create: () => productsIn(new Database(databaseUrl)),
    checkHealth: async (products) => (await products.ping()).length === 1,
    dispose: (products) => products.close(),
  })

/** While PostgreSQL cannot be asked, reads get what was read last. Everything else gets the error. */
export function lastKnownProducts(error: unknown): Products {
  const list = lastList
  if (list === undefined) throw error
  const refuse = () => {
    throw error
  }
  return { list: async () => list, add: refuse, ping: refuse, close: refuse }
}
