import type { FleetStore, FleetStoreListener } from '@svcproxy/fleet'
import type { MemoryEngine } from './memory-engine.ts'
import type { MemoryFleetStore } from './memory-fleet.ts'

/** The timeout of an operation, in milliseconds. */
const DEADLINE_MS = 400
/** How soon a lost link is retried, in milliseconds. */
const RECONNECT_MS = 50

/** A store of a {@link MemoryEngine}. */
export class MemoryStore implements MemoryFleetStore {
  readonly #engineOf: (namespace: string) => MemoryEngine
  #engineOpened: MemoryEngine | undefined
  #listener: FleetStoreListener | undefined
  #link: 'up' | 'cut' | 'frozen' = 'up'
  /** Whether it receives hints; operations may be answered without that. */
  #subscribed = false
  #losesHints = false
  #connection = 0
  readonly #pending = new Set<(error: Error) => void>()

  constructor(engineOf: (namespace: string) => MemoryEngine) {
    this.#engineOf = engineOf
  }

  get #engine(): MemoryEngine {
    if (this.#engineOpened === undefined) throw new Error('The store was not opened')
    return this.#engineOpened
  }

  cut(): void {
    this.#link = 'cut'
    this.lose(new Error('The link was cut'))
  }

  freeze(): void {
    this.#link = 'frozen'
  }

  heal(): void {
    const wasCut = this.#link === 'cut'
    this.#link = 'up'
    if (wasCut) this.find()
  }

  loseHints(lost = true): void {
    this.#losesHints = lost
  }

  open(namespace: string, listener: FleetStoreListener): void {
    this.#engineOpened = this.#engineOf(namespace)
    this.#engineOpened.add(this)
    this.#listener = listener
    this.find()
  }

  async close(): Promise<void> {
    this.#listener = undefined
    this.lose(new Error('The store was closed'))
    this.#engineOpened?.forget(this)
  }

  reconnect(): void {
    this.#losesHints = false
    this.lose(new Error('The store reconnects'))
    this.find()
  }

  /** The connection is lost. */
  lose(error: Error): void {
    this.#connection++
    const wasSubscribed = this.#subscribed
    this.#subscribed = false
    for (const reject of this.#pending) reject(error)
    if (wasSubscribed) this.#listener?.disconnected(error)
  }

  /** Connects, if possible. */
  find(): void {
    const connection = ++this.#connection
    this.#later(() => {
      if (connection !== this.#connection || this.#listener === undefined) return
      if (this.#link === 'up' && this.#engine.isRunning) {
        this.#subscribed = true
        this.#listener.connected()
      } else this.#engine.clock.setTimer(() => connection === this.#connection && this.find(), RECONNECT_MS)
    })
  }

  hear(message: string): void {
    const connection = this.#connection
    if (!this.#subscribed || this.#losesHints || this.#link !== 'up') return
    this.#later(() => {
      if (connection === this.#connection && this.#link === 'up') this.#listener?.hinted(message)
    })
  }

  readonly invalidate: FleetStore['invalidate'] = (...args) => this.#ask(() => this.#engine.invalidate(...args))
  readonly read: FleetStore['read'] = () => this.#ask(() => this.#engine.read())
  readonly heartbeat: FleetStore['heartbeat'] = (...args) => this.#ask(() => this.#engine.heartbeat(...args))
  readonly leave: FleetStore['leave'] = (...args) => this.#ask(() => this.#engine.leave(...args))
  readonly report: FleetStore['report'] = (...args) => this.#ask(() => this.#engine.report(...args))
  readonly takeProbe: FleetStore['takeProbe'] = (...args) => this.#ask(() => this.#engine.takeProbe(...args))
  readonly renewProbe: FleetStore['renewProbe'] = (...args) => this.#ask(() => this.#engine.renewProbe(...args))
  readonly settleProbe: FleetStore['settleProbe'] = (...args) => this.#ask(() => this.#engine.settleProbe(...args))

  /** A round trip. An operation that reached the engine was done even if its reply gets lost. */
  #ask<R>(operation: () => R): Promise<R> {
    return new Promise((resolve, reject) => {
      const { clock } = this.#engine
      const done = (settle: () => void): void => {
        if (!this.#pending.delete(fail)) return
        deadline.cancel()
        settle()
      }
      const fail = (error: Error): void => done(() => reject(error))
      this.#pending.add(fail)
      const deadline = clock.setTimer(() => {
        done(() => reject(new Error(`No answer within ${DEADLINE_MS} ms`)))
        // Like a client that cannot tell a slow engine from a dead socket.
        this.reconnect()
      }, DEADLINE_MS)
      if (!this.#subscribed) return fail(new Error('Not connected'))
      this.#later(() => {
        if (this.#link !== 'up' || !this.#engine.isRunning) return
        const answer = operation()
        this.#later(() => {
          if (this.#link === 'up') done(() => resolve(answer))
        })
      })
    })
  }

  #later(work: () => void): void {
    this.#engine.clock.setTimer(work, this.#engine.latencyMs())
  }
}
