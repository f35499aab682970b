// The HTTP service, in a process of its own so that it can be stopped where it is. It ends when its parent disconnects.
// `GET /<client>/<id>` answers the id; a client is whoever's requests are counted together.
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { PING } from './protocol.ts'
import type { Mode, ServiceOrder, ServiceReport } from './protocol.ts'
import { SustainedPeak } from './sustained.ts'

/** How long the service takes, well and slow, in milliseconds. Clients wait for 250. */
const WELL_MS = { from: 2, to: 8 }
const SLOW_MS = { from: 120, to: 500 }
const SAMPLE_MS = 25
/** A sample that comes this late: the process was stopped, or had no processor. */
const LATE_MS = 100

/** What a flapping service is, in turn, and for how long each. */
const FLAPS: readonly Exclude<Mode, 'flapping'>[] = ['hang', 'well', 'reset', 'errors', 'well', 'slow']
const FLAP_MS = 150

interface Client {
  /** Requests under way; those that were lost in an outage are not. */
  running: Set<IncomingMessage>
  readonly peak: SustainedPeak
  requests: number
}

let mode: Mode = 'well'
let sampledAt = performance.now()
const clients = new Map<string, Client>()
const hanging = new Set<IncomingMessage>()

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const [, client = '', id = ''] = (request.url ?? '').split('/')
  const of = clientOf(decodeURIComponent(client))
  const { running } = of
  of.requests++
  running.add(request)
  response.once('close', () => {
    running.delete(request)
    hanging.delete(request)
  })
  const how = modeNow()
  answer(client === PING && how === 'not found' ? 'well' : how, request, response, id)
})

server.listen(0, '127.0.0.1', 4_096, tell)
const sampling = setInterval(sample, SAMPLE_MS)
process.on('message', (order: ServiceOrder) => {
  if (order.type === 'report') return tell()
  mode = order.mode
  if (mode === 'well') writeOff()
})
// At a terminal ^C reaches this process, too; its parent decides when it ends.
process.on('SIGINT', () => undefined)
process.once('disconnect', () => {
  clearInterval(sampling)
  server.close()
  server.closeAllConnections()
})

function answer(how: Exclude<Mode, 'flapping'>, request: IncomingMessage, response: ServerResponse, id: string): void {
  switch (how) {
    case 'well':
      return after(WELL_MS, () => response.end(id))
    case 'slow':
      return after(SLOW_MS, () => response.end(id))
    case 'reset':
      return void request.socket.resetAndDestroy()
    case 'errors':
      return after(WELL_MS, () => response.writeHead(500).end())
    case 'not found':
      return after(WELL_MS, () => response.writeHead(404).end())
    case 'hang':
      hanging.add(request)
  }
}

function modeNow(): Exclude<Mode, 'flapping'> {
  if (mode !== 'flapping') return mode
  return FLAPS[Math.floor(performance.now() / FLAP_MS) % FLAPS.length] ?? 'well'
}

function after({ from, to }: { from: number; to: number }, work: () => void): void {
  setTimeout(work, from + (to - from) * Math.random())
}

/** What hung in an outage is never answered, and nobody can tell it from what is lost. */
function writeOff(): void {
  for (const { running } of clients.values()) for (const request of hanging) running.delete(request)
  hanging.clear()
}

function sample(): void {
  if (mode === 'flapping' && modeNow() !== 'hang') writeOff()
  const now = performance.now()
  const late = now - sampledAt > SAMPLE_MS + LATE_MS
  sampledAt = now
  for (const { running, peak } of clients.values()) {
    if (late) peak.interrupt()
    else peak.sample(running.size)
  }
}

function clientOf(name: string): Client {
  const client = clients.get(name) ?? { running: new Set(), peak: new SustainedPeak(), requests: 0 }
  clients.set(name, client)
  return client
}

function tell(): void {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The service does not listen on a port')
  const sustained = Object.fromEntries([...clients].map(([name, { peak }]) => [name, peak.take()]))
  const requests = Object.fromEntries([...clients].map(([name, client]) => [name, client.requests]))
  const report: ServiceReport = { port: address.port, sustained, requests }
  process.send?.(report)
}
