import { Agent as HttpAgent } from 'node:http'
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { httpFailure } from '@svcproxy/core'
import axios from 'axios'
import { Octokit } from 'octokit'
import OpenAI from 'openai'
import { Stripe } from 'stripe'
import { Agent, interceptors, Pool } from 'undici'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { httpUpstream, type Upstream } from '../http/upstream.ts'
import { circuitAfterFiveCalls, type Caller } from './five-calls.ts'

/** What the server answers everybody with. */
let answer: { status: number; code?: string; headers?: Record<string, string> }
let server: Upstream
beforeAll(async () => {
  server = await httpUpstream(({ url }, response) => {
    const { status, code = 'Refused', headers } = answer
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    if (url?.startsWith('/photos') === true) response.end(`<Error><Code>${code}</Code></Error>`)
    else response.end(JSON.stringify({ error: { type: 'invalid_request_error', message: 'no' } }))
  })
})
afterAll(() => server[Symbol.asyncDispose]())

const caller = <T extends object>(it: Caller<T>) => ({
  circuitAfter: (url: string, given: typeof answer = { status: 500 }) => {
    answer = given
    return circuitAfterFiveCalls(it, url, httpFailure)
  },
})

const silent = (): void => undefined
const withAgent = () => {
  const dispatcher = new Agent()
  return { dispatcher, fetchWith: (url: string, init: RequestInit) => fetch(url, Object.assign(init, { dispatcher })) }
}

const s3 = caller({
  connect: (endpoint) =>
    new S3Client({
      endpoint,
      region: 'eu-central-1',
      forcePathStyle: true,
      credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
      maxAttempts: 1,
    }),
  call: (client) => client.send(new GetObjectCommand({ Bucket: 'photos', Key: 'a.txt' })),
  disconnect: (client) => client.destroy(),
})

const octokit = caller({
  connect: (baseUrl) => {
    const { dispatcher, fetchWith } = withAgent()
    const client = new Octokit({
      baseUrl,
      retry: { enabled: false },
      throttle: { enabled: false },
      request: { fetch: fetchWith },
      log: { debug: silent, info: silent, warn: silent, error: silent },
    })
    return { client, dispatcher }
  },
  call: ({ client }) => client.rest.repos.get({ owner: 'o', repo: 'r' }),
  disconnect: ({ dispatcher }) => dispatcher.destroy(),
})

describe.each([
  [
    'axios',
    caller({
      connect: (baseURL) => ({ http: axios.create({ baseURL }) }),
      call: ({ http }) => http.get('/items'),
      disconnect: silent,
    }),
  ],
  [
    'undici',
    caller({
      connect: (url) => new Pool(url).compose(interceptors.responseError()),
      call: (pool) => pool.request({ path: '/', method: 'GET' }),
      disconnect: (pool) => pool.destroy(),
    }),
  ],
  [
    'fetch, with the response as the cause of its error',
    caller({
      connect: (url) => ({ url, ...withAgent() }),
      call: async ({ url, fetchWith }) => {
        const response = await fetchWith(url, {})
        await response.body?.cancel()
        throw new Error(`answered ${response.status}`, { cause: response })
      },
      disconnect: ({ dispatcher }) => dispatcher.destroy(),
    }),
  ],
  ['AWS SDK', s3],
  [
    'Stripe',
    caller({
      connect: (url) => {
        const { hostname: host, port } = new URL(url)
        const agent = new HttpAgent()
        const httpClient = Stripe.createNodeHttpClient(agent)
        const options = { protocol: 'http', host, port, httpClient, maxNetworkRetries: 0, telemetry: false } as const
        return { stripe: new Stripe('sk_test_x', options), agent }
      },
      call: ({ stripe }) => stripe.customers.retrieve('cus_1'),
      disconnect: ({ agent }) => agent.destroy(),
    }),
  ],
  [
    'OpenAI',
    caller({
      connect: (url) => {
        const { dispatcher } = withAgent()
        return {
          client: new OpenAI({ apiKey: 'sk-x', baseURL: url, maxRetries: 0, fetchOptions: { dispatcher } }),
          dispatcher,
        }
      },
      call: ({ client }) => client.models.retrieve('small'),
      disconnect: ({ dispatcher }) => dispatcher.destroy(),
    }),
  ],
  ['Octokit', octokit],
])('%s, five times', (_client, { circuitAfter }) => {
  test.each([400, 404, 422])('a %i opens no circuit', async (status) => {
    expect(await circuitAfter(server.url, { status })).toBe('closed')
  })

  test.each([429, 500, 503])('a %i opens it', async (status) => {
    expect(await circuitAfter(server.url, { status })).toBe('open')
  })

  test('a refused connection opens it', async () => {
    const gone = await httpUpstream(silent)
    await gone[Symbol.asyncDispose]()
    expect(await circuitAfter(gone.url)).toBe('open')
  })
})

test('without a judge five requests for what is not there open it, for everybody', async () => {
  answer = { status: 404 }
  const http: Caller<{ get(): Promise<unknown> }> = {
    connect: (url) => ({ get: () => axios.get(url) }),
    call: (client) => client.get(),
    disconnect: silent,
  }
  expect(await circuitAfterFiveCalls(http, server.url)).toBe('open')
})

test('a 304 is an answer to Octokit that asked with an etag', async () => {
  expect(await octokit.circuitAfter(server.url, { status: 304 })).toBe('closed')
})

test('a 403 of GitHub opens it when it means "too many", and not when it means "forbidden"', async () => {
  const left = (count: string) => ({ status: 403, headers: { 'x-ratelimit-remaining': count } })
  expect(await octokit.circuitAfter(server.url, left('41'))).toBe('closed')
  expect(await octokit.circuitAfter(server.url, left('0'))).toBe('open')
})

test('a 400 of AWS opens it when it means "slower" or "too slow"', async () => {
  expect(await s3.circuitAfter(server.url, { status: 400, code: 'InvalidArgument' })).toBe('closed')
  expect(await s3.circuitAfter(server.url, { status: 400, code: 'RequestTimeout' })).toBe('open')
  expect(await s3.circuitAfter(server.url, { status: 400, code: 'ThrottlingException' })).toBe('open')
})
