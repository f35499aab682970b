import { expect } from 'vitest'
import { join, within } from './harness.ts'
import type { Case } from './harness.ts'

const TTL_MS = 300

export const memberCases: readonly Case[] = [
  [
    'a heartbeat tells who lives, and how their services do',
    async (harness) => {
      const [one, two] = [await join(harness, 'one'), await join(harness, 'two')]
      const unwell = { desk: { state: 'open', failures: 0 }, files: { state: 'closed', failures: 2 } } as const
      await within(harness, one.store.heartbeat({ id: 'one', label: 'host:1' }, unwell, 5_000))
      await harness.pass(20)
      const members = await within(harness, two.store.heartbeat({ id: 'two', label: 'host:2' }, {}, 5_000))
      expect(members).toHaveLength(2)
      const seen = Object.fromEntries(members.map((member) => [member.id, member]))
      expect(seen['one']).toMatchObject({ label: 'host:1', services: unwell })
      expect(seen['two']).toMatchObject({ label: 'host:2', services: {} })
      expect(seen['one']?.seenMsAgo).toBeGreaterThanOrEqual(15)
      expect(seen['one']?.seenMsAgo).toBeLessThan(2_000)
    },
  ],
  [
    'one that tells nothing any more is dead after its time; one that does lives on',
    async (harness) => {
      const [one, two] = [await join(harness, 'one'), await join(harness, 'two')]
      await within(harness, one.store.heartbeat({ id: 'one', label: 'one' }, {}, TTL_MS))
      const beat = () => within(harness, two.store.heartbeat({ id: 'two', label: 'two' }, {}, TTL_MS))
      expect(await beat()).toHaveLength(2)
      await harness.pass(TTL_MS / 2)
      await beat()
      await harness.pass(TTL_MS)
      expect((await beat()).map(({ id }) => id)).toEqual(['two'])
    },
  ],
  [
    'one that leaves is gone at once',
    async (harness) => {
      const [one, two] = [await join(harness, 'one'), await join(harness, 'two')]
      await within(harness, one.store.heartbeat({ id: 'one', label: 'one' }, {}, 5_000))
      await within(harness, one.store.leave('one'))
      const members = await within(harness, two.store.heartbeat({ id: 'two', label: 'two' }, {}, 5_000))
      expect(members.map(({ id }) => id)).toEqual(['two'])
    },
  ],
]
