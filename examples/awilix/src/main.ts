import { createApp } from './app.ts'
import { createAppContainer } from './container.ts'

const container = createAppContainer({ warehouseUrl: process.env.WAREHOUSE_URL ?? 'http://127.0.0.1:4000' })
const { app, services } = createApp(container)
const port = Number(process.env.PORT ?? 3000)
const server = app.listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${port}/availability/bread`))

async function end(readyDelayMs: number): Promise<void> {
  await services.shutdown(server, { readyDelayMs })
  await container.dispose() // the container made the services, so it ends them
}
process.on('SIGTERM', () => void end(5_000))
process.on('SIGINT', () => void end(0))
