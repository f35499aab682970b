import type { FleetSnapshot } from '@svcproxy/fleet'
import { expect } from 'vitest'
import { beat, due, evidenceOf, joinAlive, lease, opened, read, RECOVERY_MS, report, two } from './circuit-fleet.ts'
import { awaitedLater, MESSAGE_MS, within } from './harness.ts'
import type { Case, FleetStoreHarness, Member } from './harness.ts'

/** For a number of live members: how many have to report failures, and how many failures in total. */
const QUORA = [
  { live: 1, reporting: 1, sum: 5 },
  { live: 2, reporting: 2, sum: 5 },
  { live: 6, reporting: 2, sum: 5 },
  { live: 7, reporting: 3, sum: 6 },
] as const

async function fleetOf(harness: FleetStoreHarness, count: number): Promise<Member[]> {
  const members: Member[] = []
  for (let index = 0; index < count; index++) members.push(await joinAlive(harness, `member-${index}`))
  return members
}

export const evidenceCases: readonly Case[] = [
  ...QUORA.map(({ live, reporting, sum }): Case => [
    `of ${live} live members ${reporting} have to report, and ${sum} failures in total`,
    async (harness) => {
      const members = await fleetOf(harness, live)
      const reporters = members.slice(0, reporting)
      for (const [index, member] of reporters.entries()) {
        const isLast = index === reporting - 1
        expect(await report(harness, member, isLast ? sum - reporting : 1)).toEqual([])
      }
      const last = reporters.at(-1) ?? reporters[0]
      if (last === undefined) throw new Error('There should be one member')
      expect(await report(harness, last, sum - reporting + 1)).toMatchObject([{ service: 'desk', state: 'open' }])
    },
  ]),
  [
    'dead members do not count as live ones',
    async (harness) => {
      const [one, other, ...others] = await fleetOf(harness, 7)
      const dead = others.at(-1)
      if (one === undefined || other === undefined || dead === undefined)
        throw new Error('There should be seven members')
      await beat(harness, dead, 300)
      await report(harness, one, 3)
      expect(await report(harness, other, 3)).toEqual([])
      await harness.pass(350)
      expect(await report(harness, other, 3)).toMatchObject([{ state: 'open' }])
    },
  ],
  [
    'a single member opens nothing, however many failures it reports',
    async (harness) => {
      const [one] = await two(harness)
      for (let failures = 1; failures < 30; failures += 5) expect(await report(harness, one, failures)).toEqual([])
    },
  ],
  [
    "a member's report replaces its earlier one",
    async (harness) => {
      const [one, other] = await two(harness)
      await report(harness, one, 2)
      await report(harness, one, 2)
      expect(await report(harness, other, 2)).toEqual([])
      expect(await report(harness, other, 3)).toMatchObject([{ state: 'open' }])
    },
  ],
  [
    "a success withdraws a member's report",
    async (harness) => {
      const [one, other] = await two(harness)
      await report(harness, one, 4)
      await report(harness, one, 0)
      expect(await report(harness, other, 4)).toEqual([])
    },
  ],
  [
    'the report of a member that has left no longer counts',
    async (harness) => {
      const [one, other] = await fleetOf(harness, 3)
      if (one === undefined || other === undefined) throw new Error('There should be three members')
      await report(harness, one, 4)
      await within(harness, one.store.leave(one.id))
      expect(await report(harness, other, 4)).toEqual([])
    },
  ],
  [
    'evidence counts for ten seconds and no longer',
    async (harness) => {
      const [one, other] = await two(harness)
      const tell = ({ store, id }: Member, service: string, failures: number) =>
        within(harness, store.report(id, [{ ...evidenceOf(failures), service }]))
      await tell(one, 'desk', 4)
      await tell(one, 'files', 4)
      await harness.pass(9_000)
      expect(await tell(other, 'desk', 1)).toMatchObject([{ state: 'open' }])
      await harness.pass(1_200)
      expect(await tell(other, 'files', 1)).toEqual([])
    },
    10_200,
  ],
  [
    'one report may cover several services with any names; each has its own circuit',
    async (harness) => {
      const [one, other] = await two(harness)
      const names = ['__proto__', 'a b', 'ü:{}*']
      const evidence = names.map((service) => ({ ...evidenceOf(3), service }))
      expect(await within(harness, one.store.report(one.id, evidence))).toEqual([])
      const views = await within(harness, other.store.report(other.id, evidence.slice(0, 2)))
      expect(views.map(({ service, state }) => [service, state])).toEqual([
        ['__proto__', 'open'],
        ['a b', 'open'],
      ])
      const { circuits } = await within(harness, one.store.read())
      expect(circuits.map(({ service }) => service).sort()).toEqual(['__proto__', 'a b'])
    },
  ],
  [
    'all members get one hint of an opening, and can read it then; its remaining time decreases',
    async (harness) => {
      const one = await joinAlive(harness, 'one')
      const reads: Promise<FleetSnapshot>[] = []
      const other = await joinAlive(harness, 'two', { hinted: () => reads.push(awaitedLater(one.store.read())) })
      await report(harness, one, 3)
      const [view] = await report(harness, other, 2)
      expect(view).toMatchObject({ service: 'desk', state: 'open', remainingMs: RECOVERY_MS })
      await harness.pass(MESSAGE_MS)
      const circuit = { service: 'desk', state: 'open', generation: view?.generation }
      for (const { hints } of [one, other]) {
        expect(hints).toEqual([{ kind: 'circuit', member: 'two', circuit: { ...circuit, remainingMs: RECOVERY_MS } }])
      }
      const [first] = await within(harness, Promise.all(reads))
      expect(first?.circuits).toMatchObject([circuit])
      const { remainingMs = NaN } = (await read(harness, other)) ?? {}
      expect(remainingMs).toBeLessThanOrEqual(RECOVERY_MS - MESSAGE_MS)
      expect(remainingMs).toBeGreaterThanOrEqual(1)
    },
  ],
  [
    'a report about an open circuit returns that circuit, and has no effect',
    async (harness) => {
      const [one, , view] = await opened(harness)
      await harness.pass(MESSAGE_MS)
      const { state, generation } = view
      expect(await report(harness, one, 9)).toMatchObject([{ service: 'desk', state, generation }])
      await harness.pass(MESSAGE_MS)
      expect(one.hints).toHaveLength(1)
    },
  ],
  [
    'simultaneous reports open it once',
    async (harness) => {
      const members = await fleetOf(harness, 5)
      const views = await within(
        harness,
        Promise.all(members.map(({ store, id }) => store.report(id, [evidenceOf(3)]))),
      )
      await harness.pass(MESSAGE_MS)
      const generations = views.flat().map(({ generation }) => generation)
      expect(new Set(generations).size).toBe(1)
      expect(members.map(({ hints }) => hints.length)).toEqual([1, 1, 1, 1, 1])
    },
  ],
  [
    'the evidence that opened a circuit is gone when it has closed',
    async (harness) => {
      const [one, other] = await due(harness)
      await report(harness, one, 4)
      await within(harness, one.store.settleProbe(await lease(harness, one), 'succeeded', RECOVERY_MS))
      expect(await report(harness, other, 1)).toMatchObject([{ state: 'closed' }])
      expect(await report(harness, one, 4)).toMatchObject([{ state: 'open' }])
    },
  ],
]
