import type { Clock, Timer } from '@svcproxy/core'
import type { Ending } from './ending.ts'
import { announceEnd } from './last-answers.ts'
import { ServerConnections, type ShutdownServer } from './server-connections.ts'

/** The limits of a shutdown, in milliseconds from now. */
export interface DrainLimits {
  readonly readyDelayMs: number
  readonly timeoutMs: number
}

/** How often to look for connections that have become idle, in milliseconds. */
const SWEEP_MS = 250

/** How long to wait for destroyed connections to be gone, in milliseconds, in case one was not found. */
const GONE_MS = 1_000

/**
 * Shuts down one server: it continues for a while, then accepts no new connections, lets requests in flight end, and
 * closes the rest.
 */
export class ServerDrain {
  readonly #server: ShutdownServer
  readonly #clock: Clock
  readonly #connections: ServerConnections
  readonly #timers = new Set<Timer>()
  readonly #closed: Promise<void>
  #tellClosed: () => void = () => {}
  readonly #cutting: Promise<void>
  #tellCut: () => void = () => {}
  #isCut = false
  #sweeping: Timer | undefined

  /** @param met known connections, of this server and of others */
  constructor(server: ShutdownServer, clock: Clock, met: Ending) {
    this.#server = server
    this.#clock = clock
    this.#connections = new ServerConnections(server, met)
    this.#closed = new Promise((resolve) => (this.#tellClosed = resolve))
    this.#cutting = new Promise((resolve) => (this.#tellCut = resolve))
    server.once('close', this.#tellClosed)
  }

  get isCut(): boolean {
    return this.#isCut
  }

  /** Resolves when {@link ServerDrain.cut} was called. */
  get cutting(): Promise<void> {
    return this.#cutting
  }

  cut(): void {
    this.#isCut = true
    this.#tellCut()
  }

  async run({ readyDelayMs, timeoutMs }: DrainLimits): Promise<void> {
    const endAnnouncement = announceEnd(this.#server, this.#connections.sockets())
    this.#after(timeoutMs, () => this.cut())
    if (readyDelayMs > 0 && this.#server.listening)
      await Promise.race([this.#pause(readyDelayMs), this.#closed, this.#cutting])
    this.#closeListener()
    this.#sweep()
    await Promise.race([this.#closed, this.#cutting])
    if (this.#isCut) {
      this.#connections.destroyAll()
      await Promise.race([this.#closed, this.#pause(GONE_MS)])
    }
    this.#sweeping?.cancel()
    endAnnouncement()
    this.#connections.forget()
  }

  /** Cancels all timers. The one that cuts runs until then, because it also ends the wait for the other servers. */
  end(): void {
    for (const timer of this.#timers) timer.cancel()
  }

  #closeListener(): void {
    if (this.#server.listening) {
      this.#server.close()
      return
    }
    // The server may be about to listen. Closing a server that was closed would emit a second 'close'.
    this.#server.once('listening', () => this.#server.close())
    this.#server.getConnections((_error, count) => (count > 0 ? undefined : this.#tellClosed()))
  }

  #sweep(): void {
    this.#connections.closeIdle()
    this.#sweeping = this.#clock.setTimer(() => {
      this.#connections.closeSilent()
      this.#sweep()
    }, SWEEP_MS)
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#after(ms, resolve))
  }

  #after(ms: number, callback: () => void): void {
    const timer = this.#clock.setTimer(() => {
      this.#timers.delete(timer)
      callback()
    }, ms)
    this.#timers.add(timer)
  }
}
