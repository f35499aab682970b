import { Client, credentials, type ClientUnaryCall, type ServiceError } from '@grpc/grpc-js'
import { nativeBreaker } from '@svcproxy/breaker-native'
import { callSignal, createServiceProxy, factoryProvider } from '@svcproxy/core'
import { describe, expect, onTestFinished, test } from 'vitest'
import { clientContract } from './client-contract.ts'
import { grpcUpstream, PRICE, type Quote } from './grpc-server.ts'

/** The form with promises that is made by hand: of each call a promise, which the signal cancels. */
class Quotes {
  readonly #client: Client

  constructor(address: string) {
    this.#client = new Client(address, credentials.createInsecure())
  }

  price(symbol: string, signal: AbortSignal | undefined = callSignal()): Promise<Quote> {
    const { path, requestSerialize, responseDeserialize } = PRICE
    return untilAnswered(signal, (done) =>
      this.#client.makeUnaryRequest(path, requestSerialize, responseDeserialize, symbol, done),
    )
  }

  close(): void {
    this.#client.close()
  }
}

type Done<Answer> = (error: ServiceError | null, answer?: Answer) => void

function untilAnswered<Answer>(
  signal: AbortSignal | undefined,
  start: (done: Done<Answer>) => ClientUnaryCall,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = start((error, answer) => {
      signal?.removeEventListener('abort', cancel)
      if (error !== null) reject(error)
      else if (answer !== undefined) resolve(answer)
    })
    const cancel = (): void => call.cancel()
    signal?.addEventListener('abort', cancel)
  })
}

clientContract('gRPC in a class', {
  breaker: nativeBreaker(),
  upstream: grpcUpstream,
  connect: (address) => new Quotes(address),
  disconnect: (quotes) => quotes.close(),
  isWell: async (quotes, signal) => (await quotes.price('any', signal)).cents > 0,
  call: async (quotes) => {
    const { symbol, cents } = await quotes.price('CHF')
    return [symbol, cents]
  },
  method: 'price',
  answer: ['CHF', 250],
})

describe('a gRPC client itself, guarded', () => {
  async function setUp() {
    const server = await grpcUpstream()
    const proxy = createServiceProxy({
      name: 'quotes',
      provider: factoryProvider('quotes', {
        create: () => new Client(server.url, credentials.createInsecure()),
        dispose: (client) => client.close(),
      }),
      breaker: nativeBreaker(),
    })
    onTestFinished(async () => {
      await proxy.stop()
      await server[Symbol.asyncDispose]()
    })
    return { server, proxy, client: proxy.service }
  }

  test('an answer by callback is not guarded: its error is no failure of the call', async () => {
    const { server, proxy, client } = await setUp()
    server.behaviour = 'fail'
    const { path, requestSerialize, responseDeserialize } = PRICE
    const asked: (ServiceError | null)[] = []
    await proxy.call((it) => {
      it.makeUnaryRequest(path, requestSerialize, responseDeserialize, 'CHF', (error) => asked.push(error))
    })
    await expect.poll(() => asked.length).toBe(1)
    expect(asked[0]).toHaveProperty('details', 'out of order')
    expect(proxy.getCounts().failedRequests).toBe(0)
    await client.close()
  })

  test('a call made a promise inside of proxy.call is guarded', async () => {
    const { server, proxy } = await setUp()
    const { path, requestSerialize, responseDeserialize } = PRICE
    const price = () =>
      proxy.call((client, { signal }) =>
        untilAnswered<Quote>(signal, (done) =>
          client.makeUnaryRequest(path, requestSerialize, responseDeserialize, 'CHF', done),
        ),
      )
    expect(await price()).toEqual({ symbol: 'CHF', cents: 250 })
    server.behaviour = 'fail'
    await expect(price()).rejects.toHaveProperty('details', 'out of order')
    expect(proxy.getCounts()).toMatchObject({ failedRequests: 1 })
  })

  test('a method that the client does not have is told by its name', async () => {
    const { client } = await setUp()
    const price = Reflect.get(client, 'price') as () => Promise<unknown>
    await expect(price()).rejects.toThrow("'price' is not a method of service 'quotes'")
  })
})
