import { createApp } from './app.ts'

// The database of `npm run database`, unless you say another one.
const DATABASE_URL = 'postgresql://example:example@127.0.0.1:54329/postgres'

const { app, services } = createApp(process.env.DATABASE_URL ?? DATABASE_URL)
const port = Number(process.env.PORT ?? 3000)
const server = app.listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${port}/products`))

// Requests in flight are answered, then the pool is closed. A second signal does not wait.
process.on('SIGTERM', () => void services.shutdown(server)) // after five seconds in which /readyz says 503
process.on('SIGINT', () => void services.shutdown(server, { readyDelayMs: 0 }))
