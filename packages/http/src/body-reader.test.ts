import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { bodyReader } from './index.ts'

/** A server that answers with what `handle` made of the request: the body as text, or 413. */
async function serve(handle: (message: IncomingMessage) => Promise<string | undefined>) {
  const seen: unknown[] = []
  const server = createServer((message, response) => {
    void handle(message).then((body) => {
      seen.push(body)
      response.writeHead(body === undefined ? 413 : 200).end(body ?? '')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => close(server))
  const { port } = server.address() as AddressInfo
  return { port, seen, url: `http://127.0.0.1:${port}/` }
}

function close(server: Server): void {
  server.close()
  server.closeAllConnections()
}

/** Sends chunks without saying how long they are. */
async function sendChunked(url: string, chunks: readonly string[]): Promise<{ status: number; body: string }> {
  const sent = request(url, { method: 'POST', headers: { 'transfer-encoding': 'chunked' } })
  for (const chunk of chunks) sent.write(chunk)
  sent.end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  return { status: response.statusCode ?? 0, body: await text(response) }
}

const post = (url: string, body: string) => fetch(url, { method: 'POST', body })
const unread = (message: IncomingMessage) => bodyReader(message, undefined)(8)

test('a body is read up to the limit, counted in bytes', async () => {
  const { url } = await serve(unread)
  const answer = await post(url, '12345678')
  expect([answer.status, await answer.text()]).toEqual([200, '12345678'])
  expect((await post(url, '123456789')).status).toBe(413)
  expect(await (await post(url, 'éééé')).text()).toBe('éééé')
  expect((await post(url, 'ééééé')).status).toBe(413)
})

test('a body that does not say its length is read up to the limit, too', async () => {
  const { url } = await serve(unread)
  expect(await sendChunked(url, ['1234', '5678'])).toEqual({ status: 200, body: '12345678' })
  expect(await sendChunked(url, ['1234', '5678', '9'])).toEqual({ status: 413, body: '' })
})

test('a character may be cut in two by the network', async () => {
  const { port } = await serve(unread)
  const socket = connect(port, '127.0.0.1')
  const [first, second] = [Buffer.from('é').subarray(0, 1), Buffer.from('é').subarray(1)]
  socket.write('POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n')
  for (const part of [first, second]) socket.write(Buffer.concat([Buffer.from('1\r\n'), part, Buffer.from('\r\n')]))
  socket.write('0\r\n\r\n')
  expect(await text(socket)).toContain('\r\né\r\n')
})

test('an empty body is an empty text, whatever a parser makes of nothing', async () => {
  const { url } = await serve((message) => bodyReader(message, {})(8))
  const answer = await fetch(url, { method: 'POST' })
  expect([answer.status, await answer.text()]).toEqual([200, ''])
})

test('the connection carries the next request after a body that was too long', async () => {
  const { port } = await serve(unread)
  const socket = connect(port, '127.0.0.1')
  const length = 300_000
  socket.write(`POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${length.toString(16)}\r\n`)
  socket.write(`${'x'.repeat(length)}\r\n0\r\n\r\n`)
  socket.write('POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok')
  const answers = await text(socket)
  expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 413', 'HTTP/1.1 200'])
})

test.for<[string, unknown, string | undefined]>([
  ['an object', { a: 1 }, '{"a":1}'],
  ['a text', 'ab', '"ab"'],
  ['bytes', Buffer.from('{}'), '{}'],
  ['nothing', undefined, ''],
  ['too much', { a: 1234 }, undefined],
  ['too much that was bytes', Buffer.from('123456789'), undefined],
])('a body that a parser has taken is what the parser made of it: %s', async ([, parsed, expected]) => {
  const { url, seen } = await serve(async (message) => {
    await text(message)
    return bodyReader(message, parsed)(8)
  })
  await sendChunked(url, ['...'])
  expect(seen).toEqual([expected])
})

test('the announced length decides even when the parser made something short of it', async () => {
  const { url } = await serve(async (message) => {
    await text(message)
    return bodyReader(message, {})(8)
  })
  expect((await post(url, '{       }')).status).toBe(413)
  expect((await post(url, '{      }')).status).toBe(200)
})

test('a body whose client goes while it is read is an error', async () => {
  const { message, socket } = await receiveHalf()
  const body = unread(message)
  message.once('data', () => socket.destroy())
  await expect(body).rejects.toThrow('aborted')
})

test('a body whose client went before anybody read it is an error', async () => {
  const { message, socket } = await receiveHalf()
  socket.destroy()
  await new Promise((resolve) => message.once('close', resolve))
  await expect(unread(message)).rejects.toThrow('aborted')
})

/** A request of which half the body has been sent. */
async function receiveHalf() {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => close(server))
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n1234')
  const [message] = (await once(server, 'request')) as [IncomingMessage]
  message.on('error', () => {}) // as every framework has it
  return { message, socket }
}
