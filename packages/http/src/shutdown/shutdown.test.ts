import { InvalidOptionError, ServiceProxyManager } from '@svcproxy/core'
import { ManualClock, plainBreaker } from '@svcproxy/testing'
import { once } from 'node:events'
import { Agent, createServer, get, type IncomingMessage, request, type RequestListener, type Server } from 'node:http'
import * as http2 from 'node:http2'
import * as https from 'node:https'
import { type AddressInfo, connect, type Server as NetServer } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { connect as connectTls, type TlsOptions } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { healthEndpoints, type HttpRequest, RequestScopes, shutdown, type ShutdownServer } from '../index.ts'

const LIMITS = { readyDelayMs: 300, timeoutMs: 1_000 }

/** TLS with a shared key: a test needs no certificate. */
const KEY = Buffer.from('5ec2e7')
const SERVER_TLS: TlsOptions = { ciphers: 'PSK', pskCallback: () => KEY }
const CLIENT_TLS = {
  ciphers: 'PSK',
  pskCallback: () => ({ psk: KEY, identity: 'test' }),
  checkServerIdentity: () => undefined,
}

function setUp(checkHealth: () => unknown = () => true) {
  const clock = new ManualClock()
  /** The calls under way: each answers when it is called. */
  const waiting: (() => void)[] = []
  const service = { ask: () => new Promise<string>((resolve) => waiting.push(() => resolve('answered'))) }
  const provider = { serviceName: 'service', getService: () => service, checkHealth: () => checkHealth() === true }
  const manager = new ServiceProxyManager({ breaker: plainBreaker, clock }).add('service', { provider, critical: true })
  onTestFinished(async () => {
    void manager.stop({ timeoutMs: 0 })
    await clock.advanceAsync(60_000)
  })
  return { clock, manager, waiting }
}

async function listen(server: NetServer): Promise<number> {
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

function connectionsOf(server: NetServer): Promise<number> {
  return new Promise((resolve) => server.getConnections((_error, count) => resolve(count)))
}

/** How a promise ended, as soon as it has; for one that is watched while time stands still. */
function watched<T>(promise: Promise<T>): { readonly isSettled: () => boolean } {
  let isSettled = false
  const note = () => void (isSettled = true)
  promise.then(note, note)
  return { isSettled: () => isSettled }
}

/** A call that nobody answers. */
async function keepBusy(manager: ReturnType<typeof setUp>['manager']): Promise<void> {
  void manager.services.service.ask().catch(() => undefined)
  await until(() => manager.getProxy('service').getMetrics().inFlight === 1)
  await nextTurn()
}

async function until(happened: () => boolean): Promise<void> {
  while (!happened()) await nextTurn()
}

const health: HttpRequest = { method: 'GET', path: '/readyz', headers: {}, original: undefined }

describe('readiness', () => {
  test('fails for all endpoints of the manager that is shut down, and for no other', async () => {
    const [ending, other] = [setUp(), setUp()]
    const before = healthEndpoints(ending.manager)
    void shutdown(ending.manager, createServer())
    const after = healthEndpoints(ending.manager, { basePath: '/own' })
    expect(await before(health)).toMatchObject({ status: 503, body: '{"status":"fail","notes":["stopping"]}' })
    expect(await after({ ...health, path: '/own/readyz' })).toMatchObject({ status: 503 })
    expect(await healthEndpoints(other.manager)(health)).toMatchObject({ status: 200 })
  })

  test('does not wait for a service that hangs to say so', async () => {
    const { manager } = setUp(() => new Promise(() => {}))
    const endpoint = healthEndpoints(manager)
    void shutdown(manager, createServer())
    expect(await endpoint(health)).toMatchObject({ status: 503 })
  })

  test('a manager that stops by itself says that it is stopping, too', async () => {
    const { manager } = setUp()
    const endpoint = healthEndpoints(manager)
    await manager.stop()
    expect(await endpoint({ ...health, path: '/healthz' })).toMatchObject({
      status: 200,
      body: /"notes":\["stopping"\]/,
    })
  })
})

describe('the manager', () => {
  test('stops when the last of its servers is drained, and each shutdown waits for that', async () => {
    const { clock, manager } = setUp()
    const servers = [createServer(), createServer()] as const
    await Promise.all(servers.map(listen))
    const first = shutdown(manager, servers[0], { readyDelayMs: 100, timeoutMs: 1_000 })
    const second = shutdown(manager, servers[1], { readyDelayMs: 500, timeoutMs: 1_000 })
    const { isSettled } = watched(first)
    await clock.advanceAsync(499)
    expect([isSettled(), servers[0].listening, servers[1].listening, manager.stopping]).toEqual([
      false,
      false,
      true,
      false,
    ])
    await clock.advanceAsync(1)
    await Promise.all([first, second])
    expect(manager.stopping).toBe(true)
  })

  test('may take what is left of the time to stop, and no more', async () => {
    for (const [cuts, leftMs] of [
      [false, 700],
      [true, 0],
    ] as const) {
      const { clock, manager } = setUp()
      await keepBusy(manager)
      const server = createServer()
      await listen(server)
      const done = shutdown(manager, server, LIMITS)
      const { isSettled } = watched(done)
      if (cuts) void shutdown(manager, server)
      await clock.advanceAsync(cuts ? 0 : 300)
      await until(() => manager.stopping)
      if (leftMs > 0) await clock.advanceAsync(leftMs - 1)
      expect(isSettled()).toBe(leftMs === 0)
      await clock.advanceAsync(1)
      await done
    }
  })

  test('is not waited for after a second call, however long it takes to stop', async () => {
    const { manager } = setUp()
    await keepBusy(manager)
    const server = createServer()
    const done = shutdown(manager, server, LIMITS)
    await until(() => manager.stopping)
    expect(shutdown(manager, server)).toBe(done)
    await done
  })

  test('that cannot be stopped says why', async () => {
    const why = new Error('stuck')
    class Stuck extends ServiceProxyManager {
      override stop = () => Promise.reject(why)
    }
    const server = createServer()
    await listen(server)
    await expect(shutdown(new Stuck(), server, { readyDelayMs: 0 })).rejects.toBe(why)
    expect(server.listening).toBe(false)
  })
})

describe('a server', () => {
  test('keeps nothing of the shutdown when it is over', async () => {
    const { manager, clock } = setUp()
    const server = createServer(() => {})
    await listen(server)
    const events = ['request', 'connection', 'session', 'stream', 'close', 'checkContinue']
    const counts = () => events.map((event) => server.listenerCount(event))
    const before = counts()
    const pending = clock.pendingTimers
    await shutdown(manager, server, { readyDelayMs: 0 })
    expect([counts(), clock.pendingTimers]).toEqual([before, pending])
  })

  test('that begins to listen after its shutdown ends at once', async () => {
    const { manager } = setUp()
    const server = createServer()
    await shutdown(manager, server)
    server.listen(0, '127.0.0.1')
    await Promise.all([once(server, 'listening'), once(server, 'close')])
    expect(server.listening).toBe(false)
  })

  test('of HTTPS says that connections close: of a request under way, and of one over a connection that was kept', async () => {
    const { clock, manager, waiting } = setUp()
    const scopes = new RequestScopes(manager)
    const server = https.createServer(SERVER_TLS, (req, res) => {
      const { service } = scopes.open(req, res).services
      if (req.url === '/slow') void service.ask().then((answer) => res.end(answer))
      else res.end('works')
    })
    const port = await listen(server)
    const [first, second] = [1, 2].map(() => new https.Agent({ keepAlive: true, maxSockets: 1, ...CLIENT_TLS }))
    onTestFinished(() => [first, second].forEach((agent) => agent?.destroy()))
    const connectionOf = async (path: string, agent = first) => {
      const [response] = await once(https.get({ port, host: '127.0.0.1', path, agent }), 'response')
      return (response as IncomingMessage).resume().headers.connection
    }
    expect(await connectionOf('/', second)).toBe('keep-alive')
    const underWay = connectionOf('/slow')
    await until(() => waiting.length === 1)
    const done = shutdown(manager, server, LIMITS)
    expect(await connectionOf('/', second)).toBe('close')
    await clock.advanceAsync(300)
    waiting[0]?.()
    expect(await underWay).toBe('close')
    await done
    expect(await connectionsOf(server)).toBe(0)
  })

  test('of HTTPS is cut when its time is up: requests, and sockets that never say anything', async () => {
    const { clock, manager } = setUp()
    const server = https.createServer(SERVER_TLS, () => {})
    const port = await listen(server)
    const hanging = https.get({ port, host: '127.0.0.1', agent: false, ...CLIENT_TLS })
    const failed = once(hanging, 'response').catch((error: unknown) => error)
    await once(server, 'request')
    const silent = connectTls({ port, host: '127.0.0.1', ...CLIENT_TLS })
    await once(silent, 'secureConnect')
    const done = shutdown(manager, server, LIMITS)
    await clock.advanceAsync(999)
    expect([await connectionsOf(server), silent.closed]).toEqual([2, false])
    await clock.advanceAsync(1)
    expect(await failed).toMatchObject({ code: 'ECONNRESET' })
    await done
    expect(await connectionsOf(server)).toBe(0)
  })
})

/** Answers as a handler does, and says what came over the wire: the names and values of `Connection`. */
describe('Connection: close', () => {
  const CASES: readonly (readonly [how: string, RequestListener])[] = [
    ['nothing', (_req, res) => res.end()],
    ['setHeader', (_req, res) => res.setHeader('connection', 'keep-alive').end()],
    [
      'removeHeader',
      (_req, res) => {
        for (const name of res.getHeaderNames()) res.removeHeader(name)
        res.removeHeader('Connection')
        res.end()
      },
    ],
    ['writeHead', (_req, res) => res.writeHead(200).end()],
    ['writeHead with a phrase', (_req, res) => res.writeHead(200, 'Fine').end()],
    ['an object', (_req, res) => res.writeHead(200, { connection: 'keep-alive', 'X-Own': 'own' }).end()],
    ['an object after a phrase', (_req, res) => res.writeHead(200, 'Fine', { Connection: 'keep-alive' }).end()],
    ['a list', (_req, res) => res.writeHead(200, ['Connection', 'keep-alive', 'X-Own', 'own']).end()],
    [
      'pairs',
      (_req, res) => {
        const pairs: [string, string][] = [
          ['X-Own', 'own'],
          ['CONNECTION', 'keep-alive'],
        ]
        res.writeHead(200, pairs as never).end()
      },
    ],
  ]

  test.for(CASES)('is said once, whatever the handler says: %s', async ([how, handle]) => {
    const { clock, manager } = setUp()
    const server = createServer(handle)
    const port = await listen(server)
    const done = shutdown(manager, server, LIMITS)
    const [response] = (await once(
      get({ port, host: '127.0.0.1', agent: new Agent({ keepAlive: true }) }),
      'response',
    )) as [IncomingMessage]
    response.resume()
    const said = response.rawHeaders.filter((_, index, raw) => /^connection$/i.test(raw[index - (index % 2)]!))
    expect(said.filter((_, index) => index % 2 === 1)).toEqual(['close'])
    expect(response.headers['x-own']).toBe(/object$|list|pairs/.test(how) ? 'own' : undefined)
    await clock.advanceAsync(300)
    await done
  })

  test('is said to a client that waits to be told to continue, whether or not the application looks at that', async () => {
    for (const event of ['request', 'checkContinue']) {
      const { clock, manager } = setUp()
      const server = createServer()
      server.on(event, ((req, res) => {
        if (event === 'checkContinue') res.writeContinue()
        req.resume().on('end', () => res.end())
      }) as RequestListener)
      const port = await listen(server)
      const done = shutdown(manager, server, LIMITS)
      const sent = request({ port, host: '127.0.0.1', method: 'POST', headers: { Expect: '100-continue' } })
      sent.on('continue', () => sent.end('body'))
      const [response] = (await once(sent, 'response')) as [IncomingMessage]
      expect([event, response.statusCode, response.resume().headers.connection]).toEqual([event, 200, 'close'])
      await clock.advanceAsync(300)
      await done
    }
  })
})

describe.for([
  ['in the clear', () => http2.createServer(), () => ({})],
  ['over TLS', () => http2.createSecureServer({ ...SERVER_TLS, allowHTTP1: true }), () => CLIENT_TLS],
] as const)('HTTP/2 %s', ([place, make, clientOptions]) => {
  async function serving() {
    const parts = setUp()
    const scopes = new RequestScopes(parts.manager)
    const server: ShutdownServer = make()
    const waiting: (() => void)[] = []
    server.on('request', (req: http2.Http2ServerRequest, res: http2.Http2ServerResponse) => {
      scopes.open(req, res)
      if (req.url === '/slow') waiting.push(() => res.end('answered'))
      else res.end('works')
    })
    const port = await listen(server)
    const open = async () => {
      const session = http2.connect(`${place === 'over TLS' ? 'https' : 'http'}://127.0.0.1:${port}`, clientOptions())
      onTestFinished(() => session.destroy())
      session.on('error', () => undefined)
      await once(session, 'connect')
      return session
    }
    return { ...parts, server, waiting, port, open }
  }

  async function answerOf(session: http2.ClientHttp2Session, path: string) {
    const stream = session.request({ ':path': path })
    const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders]
    let body = ''
    for await (const chunk of stream.setEncoding('utf8')) body += String(chunk)
    return { connection: headers.connection, body }
  }

  test('is served on, says nothing of connections, and ends when its streams do', async () => {
    const { clock, manager, server, waiting, open } = await serving()
    const busy = await open()
    const idle = await open()
    expect(await answerOf(idle, '/')).toEqual({ connection: undefined, body: 'works' })
    const slow = answerOf(busy, '/slow')
    await until(() => waiting.length === 1)
    const done = shutdown(manager, server, LIMITS)
    const late = await open()
    const idleClosed = [once(idle, 'close'), once(late, 'close')]
    expect(await answerOf(late, '/')).toEqual({ connection: undefined, body: 'works' })
    expect(await answerOf(idle, '/')).toEqual({ connection: undefined, body: 'works' })
    await clock.advanceAsync(300)
    await Promise.all(idleClosed)
    expect(manager.stopping).toBe(false)
    waiting[0]?.()
    expect(await slow).toEqual({ connection: undefined, body: 'answered' })
    await done
    expect(await connectionsOf(server)).toBe(0)
  })

  test('is cut when its time is up', async () => {
    const { clock, manager, server, waiting, open } = await serving()
    const session = await open()
    const closed = once(session, 'close')
    session.request({ ':path': '/slow' }).on('error', () => undefined)
    await until(() => waiting.length === 1)
    const done = shutdown(manager, server, LIMITS)
    await clock.advanceAsync(999)
    expect(session.destroyed).toBe(false)
    await clock.advanceAsync(1)
    await closed
    await done
    expect(await connectionsOf(server)).toBe(0)
  })

  test('without a handler of requests keeps its handler of streams', async () => {
    const { clock, manager } = setUp()
    const server: ShutdownServer = make()
    server.on('stream', (stream: http2.ServerHttp2Stream) => {
      stream.respond()
      stream.end('of a stream')
    })
    const port = await listen(server)
    const done = shutdown(manager, server, LIMITS)
    const session = http2.connect(`${place === 'over TLS' ? 'https' : 'http'}://127.0.0.1:${port}`, clientOptions())
    onTestFinished(() => session.destroy())
    expect(await answerOf(session, '/')).toEqual({ connection: undefined, body: 'of a stream' })
    await clock.advanceAsync(300)
    await done
  })
})

test('a client of HTTP/1 on a server of HTTP/2 is told that its connection closes', async () => {
  const { clock, manager } = setUp()
  const server = http2.createSecureServer({ ...SERVER_TLS, allowHTTP1: true }, (_req, res) => res.end('works'))
  const port = await listen(server)
  const done = shutdown(manager, server, LIMITS)
  const agent = new https.Agent({ keepAlive: true })
  onTestFinished(() => agent.destroy())
  const sent = https.get({ port, host: '127.0.0.1', agent, ...CLIENT_TLS })
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  expect(response.resume().headers.connection).toBe('close')
  await clock.advanceAsync(300)
  await done
})

test('a request whose client reset it at once leaves nothing behind', async () => {
  const { clock, manager } = setUp()
  const server: Server = createServer()
  const port = await listen(server)
  const done = shutdown(manager, server, LIMITS)
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.resetAndDestroy()
  await clock.advanceAsync(300)
  await done
  expect(await connectionsOf(server)).toBe(0)
})

test('a limit that makes no sense is a rejection, never an exception', async () => {
  const { manager } = setUp()
  await expect(shutdown(manager, createServer(), { timeoutMs: 1 })).rejects.toBeInstanceOf(InvalidOptionError)
})
