import type { Readable } from 'node:stream'
import { GetObjectCommand, HeadBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { opossumBreaker } from '@svcproxy/breaker-opossum'
import { createServiceProxy, factoryProvider, ServiceTimeoutError } from '@svcproxy/core'
import { describe, expect, onTestFinished, test } from 'vitest'
import { clientContract } from './client-contract.ts'
import { httpUpstream, type Upstream } from './upstream.ts'

const PUT = { Bucket: 'photos', Key: 'a.txt', Body: 'hello' }
const GET = { Bucket: 'photos', Key: 'a.txt' }

/** As much of S3 as the client needs: objects are put and got by their path. */
function s3Upstream(): Promise<Upstream> {
  const objects = new Map<string | undefined, string>()
  return httpUpstream(({ method, url }, response, body) => {
    const path = url?.split('?')[0]
    if (method === 'PUT') {
      objects.set(path, body)
      response.writeHead(200, { etag: '"1"' }).end()
    } else if (method === 'HEAD') response.writeHead(200).end()
    else response.writeHead(200, { 'content-type': 'text/plain' }).end(objects.get(path) ?? 'empty')
  })
}

function connect(endpoint: string): S3Client {
  return new S3Client({
    endpoint,
    region: 'eu-central-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
    maxAttempts: 1,
  })
}

clientContract('S3Client', {
  breaker: opossumBreaker(),
  upstream: s3Upstream,
  connect,
  disconnect: (s3) => s3.destroy(),
  isWell: async (s3, abortSignal) => {
    await s3.send(new HeadBucketCommand({ Bucket: 'photos' }), { abortSignal })
    return true
  },
  call: async (s3) => {
    const { ETag } = await s3.send(new PutObjectCommand(PUT))
    return ETag
  },
  method: 'send',
  answer: '"1"',
  cancellable: (proxy) => proxy.call((s3, { signal }) => s3.send(new PutObjectCommand(PUT), { abortSignal: signal })),
})

describe('S3Client, guarded', () => {
  async function setUp(
    upstream: () => Promise<Upstream>,
    options: { timeoutMs?: number; disposeGraceMs?: number } = {},
  ) {
    const server = await upstream()
    const proxy = createServiceProxy({
      name: 'photos',
      provider: factoryProvider('photos', { create: () => connect(server.url), dispose: (s3) => s3.destroy() }),
      breaker: opossumBreaker(),
      ...options,
    })
    onTestFinished(async () => {
      await proxy.stop({ timeoutMs: 0 })
      await server[Symbol.asyncDispose]()
    })
    return { server, proxy, s3: proxy.service }
  }

  test('gets what was put', async () => {
    const { s3 } = await setUp(s3Upstream)
    await s3.send(new PutObjectCommand(PUT))
    const { Body, ContentType } = await s3.send(new GetObjectCommand(GET))
    expect(await Body?.transformToString()).toBe('hello')
    expect(ContentType).toBe('text/plain')
  })

  test('an object is under the deadline to its end when it is read inside of the call', async () => {
    const { proxy, server } = await setUp(() => httpUpstream((_request, response) => void response.write('hel')), {
      timeoutMs: 200,
    })
    const text = proxy.call(async (s3, { signal: abortSignal }) => {
      const { Body } = await s3.send(new GetObjectCommand(GET), { abortSignal })
      return Body?.transformToString()
    })
    await expect(text).rejects.toBeInstanceOf(ServiceTimeoutError)
    await expect.poll(() => server.cutAt.length).toBe(1)
  })

  test('an object that is what the call returns holds its client until it has been read', async () => {
    const { proxy, server } = await setUp(() => httpUpstream((_request, response) => void response.write('hel')), {
      disposeGraceMs: 0,
    })
    const body = await proxy.call(async (s3) => (await s3.send(new GetObjectCommand(GET))).Body as Readable)
    proxy.invalidateCache()
    await proxy.get()
    for await (const part of body) {
      expect(String(part)).toBe('hel')
      expect(await server.openConnections()).toBe(1)
      break
    }
    await expect.poll(() => server.openConnections()).toBe(0)
  })

  test('a command of its own signal ends with that, and the circuit is told of a failure', async () => {
    const { proxy, s3, server } = await setUp(s3Upstream)
    server.behaviour = 'hang'
    const leaving = new AbortController()
    const put = s3.send(new PutObjectCommand(PUT), { abortSignal: leaving.signal })
    await expect.poll(() => server.requests.length).toBe(1)
    leaving.abort()
    await expect(put).rejects.toHaveProperty('name', 'AbortError')
    expect(proxy.getStatus().lastFailure?.error).toHaveProperty('name', 'AbortError')
  })

  test('what its configuration holds is a method or has no value, and the error says how to read it', async () => {
    const { proxy, s3 } = await setUp(s3Upstream)
    expect(await s3.config.region()).toBe('eu-central-1')
    const forcePathStyle: unknown = Reflect.get(s3.config, 'forcePathStyle')
    expect(() => Number(forcePathStyle)).toThrow(
      "'config.forcePathStyle' of the guarded service 'photos' has no value; read a property with " +
        'proxy.call((service) => service.config.forcePathStyle)',
    )
    expect(await proxy.call(({ config }) => config.forcePathStyle)).toBe(true)
  })
})
