import type { Evidence, ProbeLease, SharedCircuitView } from '@svcproxy/fleet'
import { expect } from 'vitest'
import { join, MESSAGE_MS, within } from './harness.ts'
import type { Case, FleetStoreHarness, Member } from './harness.ts'

const RECOVERY_MS = 400
const LEASE_MS = 400

/** Members that live. */
async function fleetOf(harness: FleetStoreHarness, count: number): Promise<Member[]> {
  const members: Member[] = []
  for (let index = 0; index < count; index++) {
    const member = await join(harness, `member-${index}`)
    await within(harness, member.store.heartbeat({ id: member.id, label: member.id }, {}, 60_000))
    members.push(member)
  }
  return members
}

function report(harness: FleetStoreHarness, { store, id }: Member, failures: number, threshold = 5) {
  const evidence: Evidence = { service: 'desk', failures, threshold, recoveryMs: RECOVERY_MS }
  return within(harness, store.report(id, [evidence]))
}

/** Two members whose circuit they have opened together. */
async function opened(harness: FleetStoreHarness): Promise<readonly [Member, Member, SharedCircuitView]> {
  const [one, two] = await fleetOf(harness, 2)
  if (one === undefined || two === undefined) throw new Error('There are two')
  await report(harness, one, 3)
  const [view] = await report(harness, two, 2)
  expect(view).toMatchObject({ service: 'desk', state: 'open' })
  if (view === undefined) throw new Error('It is open')
  return [one, two, view]
}

const take = (harness: FleetStoreHarness, { store, id }: Member) =>
  within(harness, store.takeProbe(id, 'desk', LEASE_MS))

function isLease(taken: ProbeLease | SharedCircuitView | undefined): taken is ProbeLease {
  return taken !== undefined && 'token' in taken
}

async function lease(harness: FleetStoreHarness, member: Member): Promise<ProbeLease> {
  const taken = await take(harness, member)
  if (!isLease(taken)) throw new Error('It is free')
  return taken
}

/** By how many live: so many have to report failures, and these have to add up to so many. */
const QUORA = [
  { live: 1, reporting: 1, sum: 5 },
  { live: 2, reporting: 2, sum: 5 },
  { live: 6, reporting: 2, sum: 5 },
  { live: 7, reporting: 3, sum: 6 },
] as const

export const circuitCases: readonly Case[] = [
  ...QUORA.map(({ live, reporting, sum }): Case => [
    `of ${live} that live ${reporting} have to report, and ${sum} failures in all`,
    async (harness) => {
      const members = await fleetOf(harness, live)
      const reporters = members.slice(0, reporting)
      for (const [index, member] of reporters.entries()) {
        const isLast = index === reporting - 1
        expect(await report(harness, member, isLast ? sum - reporting : 1)).toEqual([])
      }
      const last = reporters.at(-1) ?? reporters[0]
      if (last === undefined) throw new Error('There is one')
      expect(await report(harness, last, sum - reporting + 1)).toMatchObject([{ service: 'desk', state: 'open' }])
    },
  ]),
  [
    'one alone opens nothing, however often it fails',
    async (harness) => {
      const [one] = await fleetOf(harness, 3)
      if (one === undefined) throw new Error('There is one')
      for (let failures = 1; failures < 30; failures += 5) expect(await report(harness, one, failures)).toEqual([])
    },
  ],
  [
    'a success takes back what a member reported',
    async (harness) => {
      const [one, two] = await fleetOf(harness, 2)
      if (one === undefined || two === undefined) throw new Error('There are two')
      await report(harness, one, 4)
      await report(harness, one, 0)
      expect(await report(harness, two, 4)).toEqual([])
    },
  ],
  [
    'what a member reported that has left counts no more',
    async (harness) => {
      const [one, two] = await fleetOf(harness, 3)
      if (one === undefined || two === undefined) throw new Error('There are two')
      await report(harness, one, 4)
      await within(harness, one.store.leave(one.id))
      expect(await report(harness, two, 4)).toEqual([])
    },
  ],
  [
    'one report may be of several services, whatever they are called; each is a circuit of its own',
    async (harness) => {
      const [one, two] = await fleetOf(harness, 2)
      if (one === undefined || two === undefined) throw new Error('There are two')
      const names = ['__proto__', 'a b', 'ü:{}*']
      const evidence = names.map((service) => ({ service, failures: 3, threshold: 5, recoveryMs: RECOVERY_MS }))
      expect(await within(harness, one.store.report(one.id, evidence))).toEqual([])
      const views = await within(harness, two.store.report(two.id, evidence.slice(0, 2)))
      expect(views.map(({ service, state }) => [service, state])).toEqual([
        ['__proto__', 'open'],
        ['a b', 'open'],
      ])
      const { circuits } = await within(harness, one.store.read())
      expect(circuits.map(({ service }) => service).sort()).toEqual(['__proto__', 'a b'])
    },
  ],
  [
    'all hear of an opening, once, and can read it; its time goes by',
    async (harness) => {
      const [one, two, view] = await opened(harness)
      await report(harness, one, 9)
      await harness.pass(MESSAGE_MS)
      for (const { hints } of [one, two]) {
        expect(hints).toMatchObject([{ kind: 'circuit', circuit: { service: 'desk', state: 'open' } }])
      }
      const { circuits } = await within(harness, two.store.read())
      expect(circuits).toMatchObject([{ service: 'desk', state: 'open', generation: view.generation }])
      expect(circuits[0]?.remainingMs).toBeLessThan(RECOVERY_MS)
    },
  ],
  [
    'nobody gets the probe before its time, and then one does',
    async (harness) => {
      const [one, two] = await opened(harness)
      expect(await take(harness, one)).toMatchObject({ state: 'open' })
      await harness.pass(RECOVERY_MS)
      const taken = await within(
        harness,
        Promise.all([one, two, one, two].map(({ store, id }) => store.takeProbe(id, 'desk', LEASE_MS))),
      )
      expect(taken.filter(isLease)).toHaveLength(1)
      const other = taken.find((one) => !isLease(one))
      expect(other).toMatchObject({ state: 'open', remainingMs: 0 })
      expect(other).toHaveProperty('probe.member')
    },
  ],
  [
    'there is no probe of a circuit that nobody knows of, or that is closed',
    async (harness) => {
      const [one] = await opened(harness)
      expect(await within(harness, one.store.takeProbe(one.id, 'files', LEASE_MS))).toBeUndefined()
      await harness.pass(RECOVERY_MS)
      await within(harness, one.store.settleProbe(await lease(harness, one), 'well', RECOVERY_MS))
      expect(await take(harness, one)).toMatchObject({ state: 'closed', remainingMs: 0 })
    },
  ],
  [
    'a probe that found the service well closes the circuit for all; one that failed opens it anew',
    async (harness) => {
      const [one, two, view] = await opened(harness)
      await harness.pass(RECOVERY_MS)
      expect(await within(harness, one.store.settleProbe(await lease(harness, one), 'failed', RECOVERY_MS))).toBe(true)
      const [again] = (await within(harness, two.store.read())).circuits
      expect(again).toMatchObject({ state: 'open' })
      expect(again?.generation).not.toBe(view.generation)
      expect(again?.remainingMs).toBeGreaterThan(0)
      await harness.pass(RECOVERY_MS)
      expect(await within(harness, two.store.settleProbe(await lease(harness, two), 'well', RECOVERY_MS))).toBe(true)
      await harness.pass(MESSAGE_MS)
      const states = one.hints.flatMap((hint) => (hint.kind === 'circuit' ? [hint.circuit.state] : []))
      expect(states).toEqual(['open', 'open', 'closed'])
    },
  ],
  [
    'a probe that was not used is another one’s',
    async (harness) => {
      const [one, two, view] = await opened(harness)
      await harness.pass(RECOVERY_MS)
      await within(harness, one.store.settleProbe(await lease(harness, one), 'unused', RECOVERY_MS))
      expect(isLease(await take(harness, two))).toBe(true)
      expect((await within(harness, two.store.read())).circuits).toMatchObject([{ generation: view.generation }])
    },
  ],
  [
    'a lease that has ended, or whose member has left, is another one’s; the old one says nothing any more',
    async (harness) => {
      const [one, two] = await opened(harness)
      await harness.pass(RECOVERY_MS)
      const old = await lease(harness, one)
      expect(isLease(await take(harness, two))).toBe(false)
      await harness.pass(LEASE_MS)
      const next = await lease(harness, two)
      expect(await within(harness, one.store.settleProbe(old, 'well', RECOVERY_MS))).toBe(false)
      expect(await within(harness, one.store.renewProbe(old, LEASE_MS))).toBe(false)
      await within(harness, two.store.leave(two.id))
      expect(isLease(await take(harness, one))).toBe(true)
      expect(await within(harness, two.store.settleProbe(next, 'well', RECOVERY_MS))).toBe(false)
    },
  ],
  [
    'a lease can be lengthened',
    async (harness) => {
      const [one, two] = await opened(harness)
      await harness.pass(RECOVERY_MS)
      const taken = await lease(harness, one)
      await harness.pass(LEASE_MS / 2)
      expect(await within(harness, one.store.renewProbe(taken, LEASE_MS))).toBe(true)
      await harness.pass(LEASE_MS / 2 + 50)
      expect(isLease(await take(harness, two))).toBe(false)
      expect(await within(harness, one.store.settleProbe(taken, 'well', RECOVERY_MS))).toBe(true)
    },
  ],
]
