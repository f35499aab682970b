import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { CommandFailure, UNKNOWN_OUTCOME } from './failure.ts'

export interface HttpQuestion {
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: string
}

export interface Limits {
  /** For the whole of it, in milliseconds. */
  readonly timeoutMs: number
  readonly interrupted: AbortSignal
  /** Whether it may have changed something when no answer came. */
  readonly isWrite: boolean
}

/** The largest snapshot of a process with thousands of services is a fraction of it. */
const MAX_BODY_BYTES = 64 * 1024 * 1024

/**
 * Sends a request and reads the answer, whatever its status; follows no redirect.
 * @throws {@link CommandFailure} when there is none
 */
export async function exchange(
  target: string,
  question: HttpQuestion,
  agent: HttpAgent,
  limits: Limits,
): Promise<HttpAnswer> {
  const { timeoutMs, interrupted, isWrite } = limits
  // Not AbortSignal.any: a signal that lives as long as a watch would gather one dependent for each request.
  const ended = new AbortController()
  const end = (): void => ended.abort()
  const timer = setTimeout(end, timeoutMs)
  interrupted.addEventListener('abort', end)
  if (interrupted.aborted) end()
  try {
    const message = await messageFrom(new URL(target), question, agent, ended.signal)
    return { status: message.statusCode ?? 0, headers: headersOf(message), body: await textOf(message) }
  } catch (error) {
    if (error instanceof CommandFailure) throw error
    const doubt = isWrite ? ` ${UNKNOWN_OUTCOME}` : ''
    if (interrupted.aborted) throw new CommandFailure('interrupted', `Interrupted.${doubt}`)
    const { origin } = new URL(target)
    if (ended.signal.aborted) {
      throw new CommandFailure('unreachable', `${origin} did not answer within ${timeoutMs} ms (--timeout-ms).${doubt}`)
    }
    const { reason, wasSent } = causeOf(error)
    throw new CommandFailure('unreachable', `${origin} cannot be reached: ${reason}.${wasSent ? doubt : ''}`)
  } finally {
    clearTimeout(timer)
    interrupted.removeEventListener('abort', end)
  }
}

/** There are gateways that let nobody through who does not say what it is. */
const ALWAYS = { Accept: 'application/json', 'Accept-Encoding': 'gzip', 'User-Agent': 'svcproxy' }

/** What keeps a connection to `url` for the next request. */
export function agentFor(url: string): HttpAgent {
  return isHttps(new URL(url)) ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true })
}

/** Not `fetch`, which chooses the connection: behind a balancer another connection may lead to another process. */
function messageFrom(
  url: URL,
  { method, headers, body }: HttpQuestion,
  agent: HttpAgent,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const request = isHttps(url) ? httpsRequest : httpRequest
  return new Promise((resolve, reject) => {
    request(url, { method, headers: { ...ALWAYS, ...headers }, agent, signal }, resolve)
      .on('error', reject)
      .end(body)
  })
}

function isHttps({ protocol }: URL): boolean {
  return protocol === 'https:'
}

function headersOf({ headers }: IncomingMessage): Headers {
  return new Headers(Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]))
}

async function textOf(message: IncomingMessage): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for await (const part of decoded(message)) {
    const chunk: unknown = part
    if (!(chunk instanceof Uint8Array)) continue
    bytes += chunk.byteLength
    if (bytes > MAX_BODY_BYTES) throw new CommandFailure('refused', 'The answer is longer than 64 MB; it was not read.')
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

function decoded(message: IncomingMessage): AsyncIterable<unknown> {
  if (message.headers['content-encoding'] !== 'gzip') return message
  return pipeline(message, createGunzip(), () => undefined)
}

/** What operating systems say, in words; nothing was sent in any of these cases. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  EHOSTUNREACH: 'there is no way to that machine',
  ENETUNREACH: 'there is no way to that network',
  ENOTFOUND: 'no such host name is known',
  EAI_AGAIN: 'the name server does not answer',
}

function causeOf(error: unknown): { reason: string; wasSent: boolean } {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const words = REASONS[code]
  if (words !== undefined) return { reason: `${words} (${code})`, wasSent: false }
  const message = error instanceof Error && error.message !== '' ? error.message : 'no reason was given'
  return { reason: code === '' || message.includes(code) ? message : `${message} (${code})`, wasSent: true }
}
