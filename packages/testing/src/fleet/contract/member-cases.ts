import type { MemberView } from '@svcproxy/fleet'
import { expect } from 'vitest'
import { beat } from './circuit-fleet.ts'
import { join, within } from './harness.ts'
import type { Case } from './harness.ts'

const TTL_MS = 300
export const memberCases: readonly Case[] = [
  [
    'a heartbeat returns the live members and the state of their services',
    async (harness) => {
      const [one, two] = [await join(harness, 'one'), await join(harness, 'two')]
      const unwell = { desk: { state: 'open', failures: 0 }, 'ü "{}"': { state: 'closed', failures: 2 } } as const
      await within(harness, one.store.heartbeat({ id: 'one', label: 'host:1 "ü"' }, unwell, 5_000))
      await harness.pass(20)
      const members = await within(harness, two.store.heartbeat({ id: 'two', label: 'host:2' }, {}, 5_000))
      expect(members).toHaveLength(2)
      const seen = Object.fromEntries(members.map((member) => [member.id, member]))
      expect(seen['one']).toMatchObject({ label: 'host:1 "ü"' })
      expect(seen['one']?.services).toEqual(unwell)
      expect(seen['two']).toMatchObject({ label: 'host:2', services: {} })
      expect(seen['one']?.seenMsAgo).toBeGreaterThanOrEqual(15)
      expect(seen['one']?.seenMsAgo).toBeLessThan(1_000)
    },
  ],
  [
    "a member's heartbeat replaces its earlier one",
    async (harness) => {
      const one = await join(harness, 'one')
      const tell = (services: MemberView['services']) =>
        within(harness, one.store.heartbeat({ id: 'one', label: 'one' }, services, 5_000))
      const unwell = { desk: { state: 'half_open', failures: 0 } } as const
      expect(await tell({ files: { state: 'isolated', failures: 0 } })).toHaveLength(1)
      await harness.pass(100)
      const members = await tell(unwell)
      expect(members.map(({ services }) => services)).toEqual([unwell])
      expect(members[0]?.seenMsAgo).toBeLessThan(90)
      expect(await tell({})).toMatchObject([{ services: {} }])
    },
  ],
  [
    'a member without heartbeats is dead after its time; one with heartbeats lives on',
    async (harness) => {
      const [one, two] = [await join(harness, 'one'), await join(harness, 'two')]
      await beat(harness, one, TTL_MS)
      expect(await beat(harness, two, TTL_MS)).toHaveLength(2)
      await harness.pass(TTL_MS / 2)
      await beat(harness, two, TTL_MS)
      await harness.pass(TTL_MS)
      expect((await beat(harness, two, TTL_MS)).map(({ id }) => id)).toEqual(['two'])
    },
  ],
  [
    'a member that leaves is gone at once, and no other is',
    async (harness) => {
      const [one, two, three] = [await join(harness, 'one'), await join(harness, 'two'), await join(harness, 'three')]
      await beat(harness, one)
      await beat(harness, three)
      await within(harness, one.store.leave('one'))
      expect((await beat(harness, two)).map(({ id }) => id).sort()).toEqual(['three', 'two'])
    },
  ],
]
