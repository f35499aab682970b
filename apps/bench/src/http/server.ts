// One application in a process of its own: `server <framework> <variant>`, or `server operated`. It ends when its parent disconnects.
import { createServer } from 'node:http'
import { type Application, createApplication } from './servers/application.ts'
import { FRAMEWORKS, HTTP_VARIANTS, OPERATED } from './servers/contenders.ts'

/** What the parent asks. */
export interface ServerQuestion {
  readonly type: 'usage'
}

/** What it is told: once when the server listens, and whenever it asks. */
export interface ServerStatus {
  readonly port: number
  /** What the process has used since it started, user and system, all threads, in microseconds. */
  readonly cpuUs: number
  readonly rssBytes: number
}

const application = await applicationOf(process.argv[2], process.argv[3])
const server = createServer(application.listener)

server.listen(0, '127.0.0.1', tellStatus)
process.on('message', (_question: ServerQuestion) => tellStatus())
process.once('disconnect', () => {
  server.close()
  server.closeAllConnections()
  void application.stop()
})

async function applicationOf(name: string | undefined, variant: string | undefined): Promise<Application> {
  if (name !== OPERATED) return createApplication(oneOf(FRAMEWORKS, name), oneOf(HTTP_VARIANTS, variant))
  const { operatedExpress } = await import('./servers/operated-app.ts')
  return operatedExpress()
}

function tellStatus(): void {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server does not listen on a port')
  const { user, system } = process.cpuUsage()
  const status: ServerStatus = { port: address.port, cpuUs: user + system, rssBytes: process.memoryUsage.rss() }
  process.send?.(status)
}

function oneOf<N extends string>(names: readonly N[], given: string | undefined): N {
  const name = names.find((known) => known === given)
  if (name === undefined) throw new Error(`'${given}' is none of: ${names.join(', ')}`)
  return name
}
