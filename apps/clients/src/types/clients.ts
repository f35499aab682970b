// The calls people make on the HTTP clients they have, as the compiler sees them through the facade: results are typed
// without a cast, and what is no guarded call does not compile. Nothing here is run; ../http runs the same clients.
import type { EventEmitter } from 'node:events'
import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import type { Client as GrpcClient, ClientUnaryCall } from '@grpc/grpc-js'
import type { Guarded, GuardedServices, ServiceProxy } from '@svcproxy/core'
import type { AxiosInstance } from 'axios'
import type { Octokit } from 'octokit'
import type OpenAI from 'openai'
import type { Stripe } from 'stripe'
import type { Pool, request } from 'undici'
import type { Ledger } from './ledger.ts'

export async function undiciPool(pool: Guarded<Pool>): Promise<[number, string]> {
  const { statusCode, body } = await pool.request({ path: '/', method: 'GET' })
  await pool.stream({ path: '/', method: 'GET' }, () => process.stdout)
  // @ts-expect-error -- a value: read it with proxy.call((pool) => pool.closed)
  void pool.closed
  // @ts-expect-error -- the path is missing, as without the guard
  pool.request({ method: 'GET' })
  return [statusCode, await body.text()]
}

export async function undiciRequest(http: Guarded<{ request: typeof request }>): Promise<unknown> {
  const { statusCode, body } = await http.request('http://localhost/', { method: 'GET' })
  const status: number = statusCode
  // @ts-expect-error -- a URL is a string or a URL
  await http.request(80)
  return [status, await body.json()]
}

/** As applications write them around the global `fetch`. */
export interface Fleet {
  readonly url: string
  vehicle(id: string): Promise<{ readonly id: string; readonly speedKmh: number }>
  raw(path: string): Promise<Response>
}

export async function fetchInAClass(fleet: Guarded<Fleet>): Promise<number> {
  const { speedKmh } = await fleet.vehicle('v1')
  const { ok } = await fleet.raw('/vehicles')
  // @ts-expect-error -- a value
  void fleet.url
  // @ts-expect-error -- it takes a string
  await fleet.vehicle(1)
  return ok ? speedKmh : 0
}

export async function axios(http: Guarded<AxiosInstance>): Promise<[number, string, string]> {
  const { data } = await http.get<{ count: number }>('/x', { params: { page: 1 } })
  const called = await http<{ name: string }>('/y')
  const configured = await http<{ name: string }>({ url: '/y', method: 'put' })
  await http.post('/x', { name: 'Ann' })
  // @ts-expect-error -- what `get` is told to get is an object with a count
  void data.name
  // @ts-expect-error -- a timeout is a number
  await http.get('/x', { timeout: 'soon' })
  return [data.count, called.data.name, configured.data.name]
}

export async function s3(client: Guarded<S3Client>): Promise<string | undefined> {
  const { ETag } = await client.send(new PutObjectCommand({ Bucket: 'b', Key: 'k', Body: 'x' }))
  const { Body } = await client.send(new GetObjectCommand({ Bucket: 'b', Key: 'k' }), {
    abortSignal: AbortSignal.timeout(1_000),
  })
  const region: string = await client.config.region()
  // @ts-expect-error -- a value
  void client.config.apiVersion
  // @ts-expect-error -- no command
  await client.send({ Bucket: 'b' })
  return ETag ?? (await Body?.transformToString(region))
}

export async function stripe(client: Guarded<Stripe>): Promise<(string | null)[]> {
  const { id } = await client.customers.create({ email: 'ann@example.org' }, { idempotencyKey: 'k' })
  const { url } = await client.checkout.sessions.create({ mode: 'payment' })
  const { data } = await client.customers.list({ limit: 3 })
  // @ts-expect-error -- a namespace is no method
  await client.customers('x')
  // @ts-expect-error -- what is bought is a list
  await client.checkout.sessions.create({ mode: 'payment', line_items: 'a cap' })
  return [id, url, ...data.map((customer) => customer.id)]
}

export async function openai(client: Guarded<OpenAI>): Promise<string> {
  const answer = await client.chat.completions.create({ model: 'm', messages: [{ role: 'user', content: 'hi' }] })
  const parts = [answer.choices[0]?.message.content ?? '']
  const stream = await client.chat.completions.create({ model: 'm', messages: [], stream: true })
  for await (const chunk of stream) parts.push(chunk.choices[0]?.delta.content ?? '')
  // @ts-expect-error -- a stream has no choices; its chunks have
  void stream.choices
  // @ts-expect-error -- a value
  void client.baseURL
  // @ts-expect-error -- the messages are missing
  await client.chat.completions.create({ model: 'm' })
  return parts.join('')
}

export async function octokit(client: Guarded<Octokit>): Promise<[string, number]> {
  const repository = await client.rest.repos.get({ owner: 'o', repo: 'r' })
  const issues = await client.request('GET /repos/{owner}/{repo}/issues', { owner: 'o', repo: 'r' })
  // By its route: given a method of the facade, octokit would find no pages.
  const all = await client.paginate('GET /repos/{owner}/{repo}/issues', { owner: 'o', repo: 'r' })
  // @ts-expect-error -- the repository is missing
  await client.rest.repos.get({ owner: 'o' })
  // @ts-expect-error -- there is no such value in what it answers
  void repository.data.fullName
  return [repository.data.full_name, issues.data.length + all.length]
}

/** gRPC clients take callbacks: the form with promises is made by hand, or by a generator of code. */
export interface Quotes {
  readonly client: GrpcClient
  price(symbol: string): Promise<{ readonly cents: number }>
}

/** As grpc-js makes it. */
export interface QuotesClient extends GrpcClient {
  price(symbol: string, done: (error: Error | null, quote: { cents: number }) => void): ClientUnaryCall
}

export async function grpc(quotes: Guarded<Quotes>, raw: Guarded<QuotesClient>): Promise<number> {
  const { cents } = await quotes.price('CHF')
  // It compiles, but the promise is the call, not the answer: an answer that comes by callback is unguarded.
  const call: ClientUnaryCall = await raw.price('CHF', () => undefined)
  call.cancel()
  // @ts-expect-error -- a client's address is a value
  void raw.channel
  return cents
}

export async function emitter(
  events: Guarded<EventEmitter>,
  typed: Guarded<EventEmitter<{ ready: [id: number] }>>,
): Promise<boolean> {
  const count: number = await events.listenerCount('ready')
  // @ts-expect-error -- a promise, as of every method
  const heard: boolean = events.emit('ready', count)
  // @ts-expect-error -- one with a map of its events: a method without a promise loses its type parameters
  await typed.emit('ready', 1)
  return heard || events.emit('ready', 1)
}

export async function ownClass(ledger: Guarded<Ledger<{ id: string }>>): Promise<[number, number[], number, bigint]> {
  const lengths = await ledger.map(({ id }) => id.length)
  // A method that returns no promise loses its type parameters; the key is one of all.
  const first: string | undefined = await ledger.first('id')
  // @ts-expect-error -- a getter is a value
  void ledger.size
  // @ts-expect-error -- no entry
  await ledger.add('x')
  return [await ledger.add({ id: first ?? 'a' }), lengths, await ledger.count('all'), await ledger.count({ id: 'a' })]
}

/** What the facade does not offer, `call` does: the service's own types, and the signal of the attempt. */
export async function calls(clients: {
  readonly s3: ServiceProxy<S3Client>
  readonly axios: ServiceProxy<AxiosInstance>
  readonly openai: ServiceProxy<OpenAI>
}): Promise<[string, number, string | undefined, string | null]> {
  const region: string = await clients.s3.call((client) => client.config.region())
  const timeoutMs: number | undefined = await clients.axios.call((http) => http.defaults.timeout)
  const text = await clients.s3.call(async (client, { signal: abortSignal }) => {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: 'b', Key: 'k' }), { abortSignal })
    return Body?.transformToString()
  })
  const { request_id } = await clients.openai.call((client, { signal }) =>
    client.chat.completions.create({ model: 'm', messages: [] }, { signal }).withResponse(),
  )
  return [region, timeoutMs ?? 0, text, request_id]
}

/** As handlers have them all at once. */
export async function inAHandler(
  services: GuardedServices<{ stripe: Stripe; openai: OpenAI; octokit: Octokit; s3: S3Client; axios: AxiosInstance }>,
): Promise<unknown[]> {
  const { customers } = services.stripe
  const { data: user } = await services.octokit.rest.users.getByUsername({ username: 'ann' })
  const [{ email }, { data }] = await Promise.all([customers.retrieve('c').then(lastKnown), services.axios.get<1>('/')])
  // @ts-expect-error -- nobody registered that name
  void services.github
  return [email, data, user.login]
}

function lastKnown(customer: Stripe.Customer | Stripe.DeletedCustomer): { email: string | null } {
  return customer.deleted === true ? { email: null } : customer
}
