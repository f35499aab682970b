import { decodeHint } from '@svcproxy/fleet'
import type { FleetStore, FleetStoreListener, Hint } from '@svcproxy/fleet'
import { expect } from 'vitest'

/** An engine with nothing in it, and the stores of its members. */
export interface FleetStoreHarness extends AsyncDisposable {
  /** A store of that engine, for one member; it is closed with the harness. */
  store(): FleetStore
  /** Lets time pass, for the engine and for its stores: by a clock that can be moved, or by waiting. */
  pass(ms: number): Promise<void>
}

/** A member of the contract's fleet: its store, and what it has heard. */
export interface Member {
  readonly store: FleetStore
  readonly id: string
  readonly hints: Hint[]
  readonly connections: string[]
}

/** What one promise is tried with. */
export type Case = readonly [title: string, expectKept: (harness: FleetStoreHarness) => Promise<void>]

/** How long a message may take, in milliseconds. */
export const MESSAGE_MS = 50

/** A member that is connected. */
export async function join(harness: FleetStoreHarness, id: string, namespace = 'contract'): Promise<Member> {
  const store = harness.store()
  const member: Member = { store, id, hints: [], connections: [] }
  const connected = new Promise<void>((resolve) => {
    const listener: FleetStoreListener = {
      connected: () => {
        member.connections.push('connected')
        resolve()
      },
      disconnected: () => member.connections.push('disconnected'),
      hinted: (message) => {
        const hint = decodeHint(message)
        if (hint === undefined) throw new Error(`Not a hint: ${message}`)
        member.hints.push(hint)
      },
    }
    store.open(namespace, listener)
  })
  await within(harness, connected)
  return member
}

/** What comes of a promise while time passes: an engine that is moved by hand answers only then. */
export async function within<R>(harness: FleetStoreHarness, answer: Promise<R>): Promise<R> {
  const progress = { settled: false }
  const watched = answer.finally(() => (progress.settled = true))
  watched.catch(() => undefined)
  for (let waits = 0; waits < 100 && !progress.settled; waits++) await harness.pass(10)
  expect(progress.settled, 'it has answered').toBe(true)
  return watched
}
