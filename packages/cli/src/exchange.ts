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
  /** For the whole exchange, in milliseconds. */
  readonly timeoutMs: number
  readonly interrupted: AbortSignal
  /** Whether it may have changed something although no response came. */
  readonly isWrite: boolean
}

/** Much larger than the snapshot of a process with thousands of services. */
const MAX_BODY_BYTES = 64 * 1024 * 1024

/**
 * Sends a request and reads the response, whatever its status; follows no redirects.
 * @throws {@link CommandFailure} when there is no response
 */
export async function exchange(
  target: string,
  question: HttpQuestion,
  agent: HttpAgent,
  limits: Limits,
): Promise<HttpAnswer> {
  const { timeoutMs, interrupted, isWrite } = limits
  // Not AbortSignal.any: a signal that lives as long as a watch would collect one dependent per request.
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

/** Some gateways reject requests without a User-Agent. */
const ALWAYS = { Accept: 'application/json', 'Accept-Encoding': 'gzip', 'User-Agent': 'svcproxy' }

/** Keeps a connection to `url` open for the next request. */
export function agentFor(url: string): HttpAgent {
  return isHttps(new URL(url)) ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true })
}

/**
 * Not `fetch`, which chooses the connection itself: behind a load balancer another connection may lead to another
 * process.
 */
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
    if (bytes > MAX_BODY_BYTES)
      throw new CommandFailure('refused', 'The response is larger than 64 MB; it was not read.')
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

function decoded(message: IncomingMessage): AsyncIterable<unknown> {
  if (message.headers['content-encoding'] !== 'gzip') return message
  return pipeline(message, createGunzip(), () => undefined)
}

/** Errors of the operating system in words; in all these cases nothing was sent. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'network unreachable',
  ENOTFOUND: 'host name not found',
  EAI_AGAIN: 'the name server does not answer',
}

function causeOf(error: unknown): { reason: string; wasSent: boolean } {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const words = REASONS[code]
  if (words !== undefined) return { reason: `${words} (${code})`, wasSent: false }
  const message = error instanceof Error && error.message !== '' ? error.message : 'no reason was given'
  return { reason: code === '' || message.includes(code) ? message : `${message} (${code})`, wasSent: true }
}
