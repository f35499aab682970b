import type { AbortListener, AbortSource } from '@svcproxy/core/adapter'

/** The part of Node's response that says whether the client is still waiting. HTTP/1 and HTTP/2 responses have it. */
export interface ClientConnection {
  /** Whether an HTTP/1 response is closed; undefined for HTTP/2, which has `stream` for this. */
  readonly destroyed?: boolean
  /** Whether the application has ended the response with `end()`. */
  readonly writableEnded: boolean
  /** The stream of an HTTP/2 response; undefined for HTTP/1. */
  readonly stream?: { readonly destroyed: boolean }
  /** `close` is emitted when the response was sent completely, or when the client disconnected before that. */
  on(event: 'close', listener: () => void): unknown
}

/** Whether the client disconnected before it was answered. */
export function isClientGone({ destroyed, stream, writableEnded }: ClientConnection): boolean {
  return !writableEnded && (destroyed === true || stream?.destroyed === true)
}

/**
 * Watches one response for its client to disconnect, for the calls made on its behalf. An `AbortSignal` would do, but
 * creating one and listening to it costs a request more than the call itself.
 */
export class ClientWatch implements AbortSource {
  #reason: DOMException | undefined
  /** Usually the only one: most requests make one call at a time. */
  #listener: AbortListener | undefined
  #more: Set<AbortListener> | undefined

  constructor(response: ClientConnection) {
    if (isClientGone(response)) this.#abort()
    else response.on('close', () => (response.writableEnded ? undefined : this.#abort()))
  }

  get aborted(): boolean {
    return this.#reason !== undefined
  }

  get reason(): DOMException | undefined {
    return this.#reason
  }

  addEventListener(_type: 'abort', listener: AbortListener): void {
    if (this.#listener === undefined) {
      this.#listener = listener
    } else {
      this.#more ??= new Set()
      this.#more.add(listener)
    }
  }

  removeEventListener(_type: 'abort', listener: AbortListener): void {
    if (this.#listener === listener) this.#listener = undefined
    else this.#more?.delete(listener)
  }

  #abort(): void {
    if (this.#reason !== undefined) return
    this.#reason = new DOMException('The client closed the request', 'AbortError')
    this.#listener?.handleEvent()
    for (const listener of this.#more ?? []) listener.handleEvent()
    this.#listener = undefined
    this.#more = undefined
  }
}
