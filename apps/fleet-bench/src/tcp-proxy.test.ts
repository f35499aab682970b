import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { TcpProxy } from './tcp-proxy.ts'

let proxy: TcpProxy
/** What the server has read, on all connections, and how many of them have ended. */
let server: { text: string; ends: number }

beforeEach(async () => {
  const seen = (server = { text: '', ends: 0 })
  const echo = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('close', () => seen.ends++)
    socket.on('data', (chunk: Buffer) => {
      seen.text += chunk.toString()
      socket.write(chunk)
    })
  }).listen(0, '127.0.0.1')
  await once(echo, 'listening')
  const opened = await TcpProxy.start((echo.address() as AddressInfo).port)
  proxy = opened
  return async () => {
    await opened[Symbol.asyncDispose]()
    echo.close()
  }
})

/** A client, what it has read, and whether its connection is gone. */
async function client() {
  const socket: Socket = connect(proxy.port, '127.0.0.1')
  const seen = { text: '', isGone: false }
  socket.on('data', (chunk: Buffer) => (seen.text += chunk.toString()))
  socket.on('error', () => {})
  socket.on('close', () => (seen.isGone = true))
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  const says = async (text: string): Promise<void> => {
    socket.write(text)
    await vi.waitFor(() => expect(seen.text).toContain(text))
  }
  return { socket, seen, says }
}

/** What another client was answered shows that the proxy has taken everything that was sent before. */
async function isSettled(): Promise<void> {
  const { says } = await client()
  await says('settled')
}

test('all is well: bytes pass both ways, and so does the end', async () => {
  const { socket, says } = await client()
  await says('one')
  socket.end()
  await vi.waitFor(() => expect(server.ends).toBe(1))
})

test('bytes arrive later, in their order, also when the delay changes', async () => {
  const { socket, seen } = await client()
  const startedAt = performance.now()
  proxy.delay(60)
  socket.write('a')
  await vi.waitFor(() => expect(server.text).toBe('a'))
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(55)
  proxy.mend()
  socket.write('b')
  await vi.waitFor(() => expect(seen.text).toBe('ab'))
})

test('what was held arrives when all is well', async () => {
  const { socket, seen, says } = await client()
  await says('one')
  proxy.hold()
  socket.write(' two')
  const late = await client()
  late.socket.write('three')
  expect(server.text).toBe('one')
  proxy.mend()
  await vi.waitFor(() => expect(seen.text).toBe('one two'))
  await vi.waitFor(() => expect(late.seen.text).toBe('three'))
})

test('a black hole takes bytes and delivers none; who has lost some is closed in the end', async () => {
  const { socket, seen, says } = await client()
  await says('one')
  proxy.blackHole()
  socket.write('two')
  const other = await client()
  await vi.waitFor(() => expect(socket.writableLength).toBe(0))
  expect(seen.isGone).toBe(false)
  other.socket.write('three')
  await vi.waitFor(() => expect(other.socket.writableLength).toBe(0))
  await new Promise((resolve) => setImmediate(resolve))
  expect(server.text).toBe('one')
  await vi.waitFor(() => {
    proxy.mend()
    proxy.blackHole()
    expect(seen.isGone && other.seen.isGone).toBe(true)
  })
  expect(server.text).toBe('one')
})

test('replies are dropped, and the server has heard all the same', async () => {
  const { socket, seen, says } = await client()
  await says('one')
  proxy.dropReplies()
  socket.write('two')
  await vi.waitFor(() => expect(server.text).toBe('onetwo'))
  expect(seen).toEqual({ text: 'one', isGone: false })
})

test('a half-open connection leads nowhere and neither end is told; new ones are well', async () => {
  const { socket, seen, says } = await client()
  await says('one')
  proxy.halfOpen()
  socket.write('two')
  await isSettled()
  expect(server.text).toBe('onesettled')
  expect(seen).toEqual({ text: 'one', isGone: false })
  socket.destroy()
  await isSettled()
  expect(server.ends).toBe(0)
  proxy.mend()
  await vi.waitFor(() => expect(server.ends).toBe(1))
})

test('only those that subscribe, or only the others, become half-open', async () => {
  const subscriber = await client()
  await subscriber.says('subscribe hints')
  const commands = await client()
  await commands.says('get')
  proxy.halfOpen('subscribers')
  subscriber.socket.write('lost')
  await commands.says('more')
  proxy.halfOpen('commands')
  commands.socket.write('lost')
  await isSettled()
  expect(server.text).not.toContain('lost')
})

test('a cut closes connections and refuses others, until it is mended', async () => {
  const { seen, says } = await client()
  await says('one')
  proxy.cut()
  await vi.waitFor(() => expect(seen.isGone).toBe(true))
  const refused = connect(proxy.port, '127.0.0.1')
  refused.on('error', () => {})
  await vi.waitFor(() => expect(refused.destroyed).toBe(true))
  proxy.mend()
  await isSettled()
})
