import { CommandFailure, UNKNOWN_OUTCOME } from './failure.ts'

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
export async function exchange(target: string, init: RequestInit, limits: Limits): Promise<HttpAnswer> {
  const { timeoutMs, interrupted, isWrite } = limits
  // Not AbortSignal.any: a signal that lives as long as a watch would gather one dependent for each request.
  const ended = new AbortController()
  const end = (): void => ended.abort()
  const timer = setTimeout(end, timeoutMs)
  interrupted.addEventListener('abort', end)
  if (interrupted.aborted) end()
  try {
    const response = await fetch(target, { ...init, redirect: 'manual', signal: ended.signal })
    return { status: response.status, headers: response.headers, body: await textOf(response) }
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

async function textOf({ body }: Response): Promise<string> {
  if (body === null) return ''
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for await (const part of body) {
    const chunk: unknown = part
    if (!(chunk instanceof Uint8Array)) continue
    bytes += chunk.byteLength
    if (bytes > MAX_BODY_BYTES) throw new CommandFailure('refused', 'The answer is longer than 64 MB; it was not read.')
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

/** What operating systems say, in words; nothing was sent in any of these cases. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  EHOSTUNREACH: 'there is no way to that machine',
  ENETUNREACH: 'there is no way to that network',
  ENOTFOUND: 'no such host name is known',
  EAI_AGAIN: 'the name server does not answer',
}

/** Fetch says "fetch failed"; why is in its cause. */
function causeOf(error: unknown): { reason: string; wasSent: boolean } {
  const cause: unknown = error instanceof Error && error.cause !== undefined ? error.cause : error
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  const words = REASONS[code]
  if (words !== undefined) return { reason: `${words} (${code})`, wasSent: false }
  const message = cause instanceof Error ? cause.message : 'no reason was given'
  return { reason: code === '' || message.includes(code) ? message : `${message} (${code})`, wasSent: true }
}
