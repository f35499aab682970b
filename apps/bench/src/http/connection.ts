import { once } from 'node:events'
import { connect } from 'node:net'

/** A connection that asks for one thing again and again, and knows no more of HTTP than that takes. */
export interface Connection {
  /**
   * One request, after the one before was answered; resolves with the status of the answer.
   * @throws Error (as a rejection) when the connection is lost, or is given up because an answer does not say its length
   */
  ask(): Promise<number>
  close(): void
}

interface Waiting {
  readonly resolve: (status: number) => void
  readonly reject: (error: Error) => void
}

/** How long an answer may take, in milliseconds. */
const PATIENCE_MS = 10_000

/** Opens one. The server must say how long its answers are, as servers do that send JSON. */
export async function openConnection(url: string): Promise<Connection> {
  const { hostname, port, host, pathname } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port), noDelay: true })
  await once(socket, 'connect')
  const request = `GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\n\r\n`
  let received = ''
  let waiting: Waiting | undefined

  socket.setTimeout(PATIENCE_MS, () => socket.destroy())
  socket.setEncoding('latin1')
  socket.on('data', (text: string) => {
    received += text
    const status = statusOfWhole(received)
    if (status === 'unknown length') socket.destroy()
    if (typeof status !== 'number') return
    received = ''
    waiting?.resolve(status)
  })
  // What is wrong is told when it closes, which it then does.
  socket.on('error', () => {})
  socket.on('close', () => waiting?.reject(new Error('The connection was closed')))
  return {
    ask: () =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject }
        if (socket.destroyed) reject(new Error('The connection is closed'))
        else socket.write(request)
      }),
    close: () => socket.destroy(),
  }
}

/** Undefined before the answer has come to its end. */
function statusOfWhole(received: string): number | 'unknown length' | undefined {
  const headEnd = received.indexOf('\r\n\r\n')
  if (headEnd === -1) return undefined
  const length = /\r\ncontent-length: (\d+)/i.exec(received)?.[1]
  if (length === undefined) return 'unknown length'
  return received.length < headEnd + 4 + Number(length) ? undefined : Number(received.slice(9, 12))
}
