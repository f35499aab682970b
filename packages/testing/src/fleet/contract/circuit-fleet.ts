import type { Evidence, MemberView, ProbeLease, SharedCircuitView } from '@svcproxy/fleet'
import { expect } from 'vitest'
import { join, within } from './harness.ts'
import type { FleetStoreHarness, Member, Reactions } from './harness.ts'

export const RECOVERY_MS = 400
export const LEASE_MS = 400

const LONG_MS = 60_000

/** Extends the life of the member by some time. */
export function beat(
  harness: FleetStoreHarness,
  { store, id }: Member,
  ttlMs: number = LONG_MS,
): Promise<readonly MemberView[]> {
  return within(harness, store.heartbeat({ id, label: id }, {}, ttlMs))
}

/** A live member. */
export async function joinAlive(harness: FleetStoreHarness, id: string, on: Reactions = {}): Promise<Member> {
  const member = await join(harness, id, { on })
  await beat(harness, member)
  return member
}

/** Two live members. */
export async function two(harness: FleetStoreHarness): Promise<readonly [Member, Member]> {
  return [await joinAlive(harness, 'one'), await joinAlive(harness, 'two')]
}

/** The failures that a member has seen at the desk. */
export function evidenceOf(failures: number, threshold = 5): Evidence {
  return { service: 'desk', failures, threshold, recoveryMs: RECOVERY_MS }
}

export function report(
  harness: FleetStoreHarness,
  { store, id }: Member,
  failures: number,
): Promise<readonly SharedCircuitView[]> {
  return within(harness, store.report(id, [evidenceOf(failures)]))
}

/** The members open their circuit together. */
export async function open(harness: FleetStoreHarness, one: Member, other: Member): Promise<SharedCircuitView> {
  await report(harness, one, 3)
  const [view] = await report(harness, other, 2)
  expect(view).toMatchObject({ service: 'desk', state: 'open' })
  if (view === undefined) throw new Error('The circuit should be open')
  return view
}

/** Two members that have opened their circuit together. */
export async function opened(harness: FleetStoreHarness): Promise<readonly [Member, Member, SharedCircuitView]> {
  const [one, other] = await two(harness)
  return [one, other, await open(harness, one, other)]
}

/** The same when the time of the circuit is over. */
export async function due(harness: FleetStoreHarness): Promise<readonly [Member, Member, SharedCircuitView]> {
  const members = await opened(harness)
  await harness.pass(RECOVERY_MS)
  return members
}

export function take(
  harness: FleetStoreHarness,
  { store, id }: Member,
): Promise<ProbeLease | SharedCircuitView | undefined> {
  return within(harness, store.takeProbe(id, 'desk', LEASE_MS))
}

export function isLease(taken: ProbeLease | SharedCircuitView | undefined): taken is ProbeLease {
  return taken !== undefined && 'token' in taken
}

/** Takes the lease, which is free. */
export async function lease(harness: FleetStoreHarness, member: Member): Promise<ProbeLease> {
  const taken = await take(harness, member)
  expect(isLease(taken), 'the lease is free').toBe(true)
  if (!isLease(taken)) throw new Error('The lease should be free')
  return taken
}

/** The circuit as the store reports it. */
export async function read(harness: FleetStoreHarness, { store }: Member): Promise<SharedCircuitView | undefined> {
  const { circuits } = await within(harness, store.read())
  return circuits.find(({ service }) => service === 'desk')
}
