// One application in a process of its own: `server <framework> <variant>`. It ends when its parent disconnects.
import { createServer } from 'node:http'
import { createApplication } from './servers/application.ts'
import { FRAMEWORKS, HTTP_VARIANTS } from './servers/contenders.ts'

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

const application = createApplication(oneOf(FRAMEWORKS, process.argv[2]), oneOf(HTTP_VARIANTS, process.argv[3]))
const server = createServer(application.listener)

server.listen(0, '127.0.0.1', tellStatus)
process.on('message', (_question: ServerQuestion) => tellStatus())
process.once('disconnect', () => {
  server.close()
  server.closeAllConnections()
  void application.stop()
})

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
