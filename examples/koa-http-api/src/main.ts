import { createApp } from './app.ts'

// The API of `npm run api`, unless you say another one.
const { app, services } = createApp(process.env.API_URL ?? 'http://127.0.0.1:4000')
const port = Number(process.env.PORT ?? 3000)
const server = app.listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${port}/parcels/7`))

// Requests in flight are answered, then the process ends. A second signal does not wait.
process.on('SIGTERM', () => void services.shutdown(server)) // after five seconds in which /readyz says 503
process.on('SIGINT', () => void services.shutdown(server, { readyDelayMs: 0 }))
