import { expect } from 'vitest'
import { join, MESSAGE_MS, within } from './harness.ts'
import type { Case } from './harness.ts'

export const connectionCases: readonly Case[] = [
  [
    'a store says that it is connected when it hears the others, once',
    async (harness) => {
      const [one, two] = [await join(harness, 'one'), await join(harness, 'two')]
      expect([one.connections, two.connections]).toEqual([['connected'], ['connected']])
      await within(harness, two.store.invalidate('two', ['desk']))
      await harness.pass(MESSAGE_MS)
      expect(one.hints).toHaveLength(1)
    },
  ],
  [
    'a store that is told to connects anew: it says so, and hears the others again',
    async (harness) => {
      const [one, two] = [await join(harness, 'one'), await join(harness, 'two')]
      one.store.reconnect()
      for (let waits = 0; waits < 100 && one.connections.length < 3; waits++) await harness.pass(10)
      expect(one.connections).toEqual(['connected', 'disconnected', 'connected'])
      await within(harness, two.store.invalidate('two', ['desk']))
      await harness.pass(MESSAGE_MS)
      expect(one.hints).toHaveLength(1)
    },
  ],
  [
    'a store that was closed hears nothing, and does nothing',
    async (harness) => {
      const [one, two] = [await join(harness, 'one'), await join(harness, 'two')]
      await within(harness, one.store.close())
      await within(harness, two.store.invalidate('two', ['desk']))
      await harness.pass(MESSAGE_MS)
      expect(one.hints).toEqual([])
      await expect(within(harness, one.store.read())).rejects.toThrow(Error)
    },
  ],
  [
    'namespaces have nothing in common',
    async (harness) => {
      const [one, other] = [await join(harness, 'one', 'shop'), await join(harness, 'other', 'shop2')]
      await within(harness, one.store.invalidate('one', ['desk']))
      await within(harness, one.store.heartbeat({ id: 'one', label: 'one' }, {}, 1_000))
      await harness.pass(MESSAGE_MS)
      expect(other.hints).toEqual([])
      expect(await within(harness, other.store.read())).toEqual({
        versions: { epoch: undefined, tokens: {} },
        circuits: [],
      })
      const members = await within(harness, other.store.heartbeat({ id: 'other', label: 'other' }, {}, 1_000))
      expect(members.map(({ id }) => id)).toEqual(['other'])
    },
  ],
]
