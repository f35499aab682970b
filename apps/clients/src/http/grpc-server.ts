import { createServer } from 'node:net'
import { promisify } from 'node:util'
import {
  Server,
  ServerCredentials,
  status,
  type handleUnaryCall,
  type MethodDefinition,
  type ServiceDefinition,
} from '@grpc/grpc-js'
import { connectionsOf, listening, type Upstream } from './upstream.ts'

export interface Quote {
  readonly symbol: string
  readonly cents: number
}

type Price = MethodDefinition<string, Quote>

/** As a generator makes it of a `.proto` file; the messages are JSON. */
export const PRICE: Price = {
  path: '/quotes.Quotes/price',
  requestStream: false,
  responseStream: false,
  requestSerialize: toBytes,
  requestDeserialize: (bytes) => String(JSON.parse(bytes.toString())),
  responseSerialize: toBytes,
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the server below has sent
  responseDeserialize: (bytes) => JSON.parse(bytes.toString()) as Quote,
}

const QUOTES: ServiceDefinition<{ price: handleUnaryCall<string, Quote> }> = { price: PRICE }

function toBytes(message: unknown): Buffer {
  return Buffer.from(JSON.stringify(message))
}

/** A gRPC server with one method, on sockets that can be counted. */
export async function grpcUpstream(): Promise<Upstream> {
  const requests: string[] = []
  const cutAt: number[] = []
  const hung: (() => void)[] = []
  const server = new Server()
  const price: handleUnaryCall<string, Quote> = (call, done) => {
    requests.push(`${PRICE.path} ${call.request}`)
    call.on('cancelled', () => cutAt.push(performance.now()))
    const answer = (): void => done(null, { symbol: call.request, cents: 250 })
    if (upstream.behaviour === 'answer') answer()
    else if (upstream.behaviour === 'fail') done({ code: status.UNAVAILABLE, details: 'out of order' })
    else hung.push(answer)
  }
  server.addService(QUOTES, { price })
  const connections = server.createConnectionInjector(ServerCredentials.createInsecure())
  const sockets = createServer((socket) => connections.injectConnection(socket))
  const port = await listening(sockets)
  const upstream: Upstream = {
    url: `127.0.0.1:${port}`,
    behaviour: 'answer',
    requests,
    cutAt,
    answerHung: () => hung.splice(0).forEach((answer) => answer()),
    openConnections: () => connectionsOf(sockets),
    async [Symbol.asyncDispose]() {
      server.forceShutdown()
      connections.destroy()
      await promisify(sockets.close.bind(sockets))()
    },
  }
  return upstream
}
