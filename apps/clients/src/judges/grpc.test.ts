import { promisify } from 'node:util'
import { Client, credentials, Server, ServerCredentials, status, type handleUnaryCall } from '@grpc/grpc-js'
import { grpcFailure } from '@svcproxy/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PRICE, type Quote } from '../http/grpc-server.ts'
import { circuitAfterFiveCalls } from './five-calls.ts'

type Status = keyof typeof status

/** A server that answers with the status that it is asked for. */
const server = new Server()
let address: string
beforeAll(async () => {
  const price: handleUnaryCall<string, Quote> = ({ request }, done) =>
    done({ code: status[request as Status], details: 'no' })
  server.addService({ price: PRICE }, { price })
  const bind = promisify(server.bindAsync.bind(server))
  address = `127.0.0.1:${await bind('127.0.0.1:0', ServerCredentials.createInsecure())}`
})
afterAll(() => server.forceShutdown())

function circuitAfter(asked: Status, url: string, path: string = PRICE.path): Promise<string> {
  const { requestSerialize, responseDeserialize } = PRICE
  return circuitAfterFiveCalls(
    {
      connect: (target) => new Client(target, credentials.createInsecure()),
      call: (client) =>
        new Promise<void>((resolve, reject) => {
          client.makeUnaryRequest(path, requestSerialize, responseDeserialize, asked, (error) => {
            if (error === null) resolve()
            else reject(error)
          })
        }),
      disconnect: (client) => client.close(),
    },
    url,
    grpcFailure,
  )
}

describe('@grpc/grpc-js, five times', () => {
  test.each<Status>([
    'INVALID_ARGUMENT',
    'NOT_FOUND',
    'ALREADY_EXISTS',
    'FAILED_PRECONDITION',
    'ABORTED',
    'UNAUTHENTICATED',
  ])('%s opens no circuit', async (asked) => {
    expect(await circuitAfter(asked, address)).toBe('closed')
  })

  test('a method that the server does not have opens no circuit', async () => {
    expect(await circuitAfter('OK', address, '/quotes.Quotes/forecast')).toBe('closed')
  })

  test.each<Status>(['UNAVAILABLE', 'INTERNAL', 'RESOURCE_EXHAUSTED'])('%s opens it', async (asked) => {
    expect(await circuitAfter(asked, address)).toBe('open')
  })

  test('a refused connection opens it', async () => {
    const gone = new Server()
    const bind = promisify(gone.bindAsync.bind(gone))
    const port = await bind('127.0.0.1:0', ServerCredentials.createInsecure())
    gone.forceShutdown()
    expect(await circuitAfter('OK', `127.0.0.1:${port}`)).toBe('open')
  })
})
