import { decodeHint } from '@svcproxy/fleet'
import type { FleetStore, FleetStoreListener, Hint } from '@svcproxy/fleet'
import { expect } from 'vitest'

/** An engine with nothing in it, and the stores of its members. */
export interface FleetStoreHarness extends AsyncDisposable {
  /** A store of that engine, for one member; it is closed with the harness. */
  store(): FleetStore
  /** Lets time pass, for the engine and for its stores: by a clock that can be moved, or by waiting. */
  pass(ms: number): Promise<void>
  /** The engine loses its data, as by a restart without them. Its stores may lose their connections, too. */
  loseData(): Promise<void>
}

/** A member of the contract's fleet: its store, and what it has heard. */
export interface Member {
  readonly store: FleetStore
  readonly id: string
  readonly hints: Hint[]
  readonly connections: string[]
}

/** What one promise is tried with. */
export type Case = readonly [
  title: string,
  expectKept: (harness: FleetStoreHarness) => Promise<void>,
  /** How long the engine's time has to pass, in milliseconds, where that is more than a moment. */
  lastsMs?: number,
]

/** What a test does in the very moment in which a member hears something. */
export interface Reactions {
  connected?(): void
  hinted?(hint: Hint): void
}

/** How long a message may take, in milliseconds. */
export const MESSAGE_MS = 50

/** A member that is connected. */
export async function join(
  harness: FleetStoreHarness,
  id: string,
  { namespace = 'contract', on = {} }: { readonly namespace?: string; readonly on?: Reactions } = {},
): Promise<Member> {
  const store = harness.store()
  const member: Member = { store, id, hints: [], connections: [] }
  const connected = new Promise<void>((resolve) => {
    const listener: FleetStoreListener = {
      connected: () => {
        member.connections.push('connected')
        on.connected?.()
        resolve()
      },
      disconnected: () => member.connections.push('disconnected'),
      hinted: (message) => {
        const hint = decodeHint(message)
        if (hint === undefined) throw new Error(`Not a hint: ${message}`)
        member.hints.push(hint)
        on.hinted?.(hint)
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
  await until(harness, () => progress.settled)
  expect(progress.settled, 'it has answered').toBe(true)
  return watched
}

/** A promise that is awaited later; until then it may reject. */
export function awaitedLater<R>(promise: Promise<R>): Promise<R> {
  promise.catch(() => undefined)
  return promise
}

/** How a promise ends while time passes; one that does not end breaks the contract. */
export function outcomeOf(harness: FleetStoreHarness, answer: Promise<unknown>): Promise<'fulfilled' | 'rejected'> {
  return within(
    harness,
    answer.then(
      () => 'fulfilled' as const,
      () => 'rejected' as const,
    ),
  )
}

/** Lets time pass until something is so; for a second at most. */
export async function until(harness: FleetStoreHarness, isSo: () => boolean): Promise<void> {
  for (let waits = 0; waits < 1_000 && !isSo(); waits++) await harness.pass(1)
}

/** The engine loses its data, and all members are connected to it again. */
export async function loseData(harness: FleetStoreHarness, ...members: readonly Member[]): Promise<void> {
  await harness.loseData()
  await harness.pass(MESSAGE_MS)
  await until(harness, () => members.every(({ connections }) => connections.at(-1) === 'connected'))
}
