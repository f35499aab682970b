import { decodeHint } from '@svcproxy/fleet'
import type { FleetStore, FleetStoreListener, Hint } from '@svcproxy/fleet'
import { expect } from 'vitest'

/** An empty store engine, and the stores of its members. */
export interface FleetStoreHarness extends AsyncDisposable {
  /** A store on that engine, for one member; it is closed with the harness. */
  store(): FleetStore
  /** Lets time pass for the engine and its stores: by a manual clock, or by waiting. */
  pass(ms: number): Promise<void>
  /** Makes the engine lose its data, as in a restart without them. Its stores may lose their connections, too. */
  loseData(): Promise<void>
}

/** A member of the contract's fleet: its store, and what it has received. */
export interface Member {
  readonly store: FleetStore
  readonly id: string
  readonly hints: Hint[]
  readonly connections: string[]
}

/** One promise of the contract. */
export type Case = readonly [
  title: string,
  expectKept: (harness: FleetStoreHarness) => Promise<void>,
  /** How much time of the engine has to pass, in milliseconds, if it is more than a moment. */
  lastsMs?: number,
]

/** What a test does at the very moment at which a member receives something. */
export interface Reactions {
  connected?(): void
  hinted?(hint: Hint): void
}

/** The maximum duration of a message, in milliseconds. */
export const MESSAGE_MS = 50

/** A connected member. */
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

/** Awaits a promise while time passes: an engine with a manual clock only answers then. */
export async function within<R>(harness: FleetStoreHarness, answer: Promise<R>): Promise<R> {
  const progress = { settled: false }
  const watched = answer.finally(() => (progress.settled = true))
  watched.catch(() => undefined)
  await until(harness, () => progress.settled)
  expect(progress.settled, 'it has answered').toBe(true)
  return watched
}

/** Marks a promise that is awaited later; until then it may reject. */
export function awaitedLater<R>(promise: Promise<R>): Promise<R> {
  promise.catch(() => undefined)
  return promise
}

/** How a promise ends while time passes; a promise that does not end breaks the contract. */
export function outcomeOf(harness: FleetStoreHarness, answer: Promise<unknown>): Promise<'fulfilled' | 'rejected'> {
  return within(
    harness,
    answer.then(
      () => 'fulfilled' as const,
      () => 'rejected' as const,
    ),
  )
}

/** Lets time pass until `isSo` returns true; for a second at most. */
export async function until(harness: FleetStoreHarness, isSo: () => boolean): Promise<void> {
  for (let waits = 0; waits < 1_000 && !isSo(); waits++) await harness.pass(1)
}

/** Makes the engine lose its data, and waits until all members are connected to it again. */
export async function loseData(harness: FleetStoreHarness, ...members: readonly Member[]): Promise<void> {
  await harness.loseData()
  await harness.pass(MESSAGE_MS)
  await until(harness, () => members.every(({ connections }) => connections.at(-1) === 'connected'))
}
