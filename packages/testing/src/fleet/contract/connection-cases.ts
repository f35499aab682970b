import { expect } from 'vitest'
import { awaitedLater, join, MESSAGE_MS, outcomeOf, until, within } from './harness.ts'
import type { Case } from './harness.ts'

const EVIDENCE = [{ service: 'desk', failures: 5, threshold: 5, recoveryMs: 1_000 }] as const

export const connectionCases: readonly Case[] = [
  [
    'a store reports that it is connected when it receives hints, and only once',
    async (harness) => {
      const [one, two] = [await join(harness, 'one'), await join(harness, 'two')]
      expect([one.connections, two.connections]).toEqual([['connected'], ['connected']])
      await within(harness, two.store.invalidate('two', ['desk']))
      await harness.pass(MESSAGE_MS)
      expect(one.hints).toHaveLength(1)
    },
  ],
  [
    'it receives all hints from the moment at which it reports that it is connected',
    async (harness) => {
      const one = await join(harness, 'one')
      const told: Promise<unknown>[] = []
      const invalidate = () => told.push(awaitedLater(one.store.invalidate('one', ['desk'])))
      const two = await join(harness, 'two', { on: { connected: invalidate } })
      await within(harness, Promise.all(told))
      await until(harness, () => two.hints.length === 1)
      expect(two.hints).toHaveLength(1)
      two.store.reconnect()
      await until(harness, () => told.length === 2)
      await within(harness, Promise.all(told))
      await harness.pass(MESSAGE_MS)
      expect(two.hints).toHaveLength(2)
    },
  ],
  [
    'reconnect() reconnects: the store reports it, and receives hints again',
    async (harness) => {
      const [one, two] = [await join(harness, 'one'), await join(harness, 'two')]
      one.store.reconnect()
      await until(harness, () => one.connections.length === 3)
      expect(one.connections).toEqual(['connected', 'disconnected', 'connected'])
      expect(two.connections).toEqual(['connected'])
      await within(harness, two.store.invalidate('two', ['desk']))
      await harness.pass(MESSAGE_MS)
      expect(one.hints).toHaveLength(1)
    },
  ],
  [
    'a closed store receives nothing, reports nothing and does nothing',
    async (harness) => {
      const [one, two] = [await join(harness, 'one'), await join(harness, 'two')]
      await within(harness, one.store.close())
      await within(harness, two.store.invalidate('two', ['desk']))
      await harness.pass(MESSAGE_MS)
      expect(one.hints).toEqual([])
      expect(one.connections).toEqual(['connected'])
      expect(await outcomeOf(harness, one.store.read())).toBe('rejected')
    },
  ],
  [
    'operations that are pending when a store is closed reject',
    async (harness) => {
      const one = await join(harness, 'one')
      const outcome = outcomeOf(harness, one.store.read())
      await within(harness, one.store.close())
      expect(await outcome).toBe('rejected')
    },
  ],
  [
    'namespaces share nothing',
    async (harness) => {
      const one = await join(harness, 'one', { namespace: 'shop' })
      const other = await join(harness, 'other', { namespace: 'shop2' })
      await within(harness, one.store.invalidate('one', ['desk']))
      await within(harness, one.store.heartbeat({ id: 'one', label: 'one' }, {}, 1_000))
      expect(await within(harness, one.store.report('one', EVIDENCE))).toMatchObject([{ state: 'open' }])
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
