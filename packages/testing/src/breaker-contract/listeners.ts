import { expect } from 'vitest'
import { type BreakerContractCase, errorOf, F, R, S, T } from './harness.ts'

/** The events of a breaker library, by service. */
export interface LibraryEvents {
  /** The names of all events that the library emits for a circuit. */
  readonly names: readonly string[]
  /** The emitter for the circuit of a service. Called after the adapter has created that circuit. */
  of(serviceName: string): LibraryEmitter
}

/** The part of an event emitter that the contract needs. */
export interface LibraryEmitter {
  /** Adds a listener, like `EventEmitter` of Node.js. The return value is ignored. */
  on(event: string, listener: () => void): unknown
}

/** Case 21: when listeners are called, and that a listener of the library that throws changes nothing. */
export function listenerCase(events: LibraryEvents | undefined): BreakerContractCase {
  const promise = 'a listener that throws changes no result and no count'
  return {
    title: `21. listeners are called before the caller is answered${events === undefined ? '' : `; ${promise}`}`,
    async check(h) {
      let answered = false
      const told: string[] = []
      let thrown = 0
      for (const event of events?.names ?? []) {
        events?.of('contract').on(event, () => {
          thrown++
          throw new Error(`a listener of ${event} failed`)
        })
      }
      h.onTransition = ({ to }) => told.push(`${to} is ${h.state}, answered: ${answered}`)
      await h.succeed()
      await h.fail(F - 2)
      const hung = h.start()
      await h.clock.advanceAsync(T)
      await hung.answer
      expect(h.circuit.consecutiveFailures).toBe(F - 1)
      const last = h.start()
      void last.answer.then(() => (answered = true))
      last.reject()
      expect(errorOf(await last.answer)).toBeInstanceOf(Error)
      expect(told).toEqual(['open is open, answered: false'])
      await h.expectRefused()
      h.clock.advance(R)
      await h.succeed(S)
      expect(h.entered).toEqual(['open', 'half_open', 'closed'])
      expect(thrown > 0, 'the events were emitted').toBe(events !== undefined)
    },
  }
}
