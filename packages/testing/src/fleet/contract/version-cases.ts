import type { FleetSnapshot } from '@svcproxy/fleet'
import { expect } from 'vitest'
import { awaitedLater, join, loseData, MESSAGE_MS, within } from './harness.ts'
import type { Case } from './harness.ts'

const ODD_NAMES = ['__proto__', 'constructor', 'a b', 'ü:{}*', '0', 'x'.repeat(200)]

export const versionCases: readonly Case[] = [
  [
    'nothing was invalidated at first',
    async (harness) => {
      const one = await join(harness, 'one')
      expect(await within(harness, one.store.read())).toEqual({
        versions: { epoch: undefined, tokens: {} },
        circuits: [],
      })
    },
  ],
  [
    'each invalidation gives its scopes new tokens, and returns the previous ones',
    async (harness) => {
      const one = await join(harness, 'one')
      const first = await within(harness, one.store.invalidate('one', ['desk', '*']))
      expect(Object.keys(first.tokens).sort()).toEqual(['*', 'desk'])
      expect(first.previous).toEqual({})
      const second = await within(harness, one.store.invalidate('one', ['desk']))
      expect(second.previous).toEqual({ desk: first.tokens['desk'] })
      expect(second.tokens['desk']).not.toBe(first.tokens['desk'])
      expect(second.epoch).toBe(first.epoch)
      const { versions } = await within(harness, one.store.read())
      expect(versions).toEqual({ epoch: first.epoch, tokens: { '*': first.tokens['*'], desk: second.tokens['desk'] } })
    },
  ],
  [
    'all members get a hint, the sender included, with the token that is in the store',
    async (harness) => {
      const [one, two] = [await join(harness, 'one'), await join(harness, 'two')]
      const { epoch, tokens } = await within(harness, one.store.invalidate('one', ['desk']))
      await harness.pass(MESSAGE_MS)
      const hint = { kind: 'invalidated', member: 'one', epoch, scope: 'desk', token: tokens['desk'] }
      expect([one.hints, two.hints]).toEqual([[hint], [hint]])
    },
  ],
  [
    'a member that gets the hint can already read the change',
    async (harness) => {
      const one = await join(harness, 'one')
      const reads: Promise<FleetSnapshot>[] = []
      await join(harness, 'two', { on: { hinted: () => reads.push(awaitedLater(one.store.read())) } })
      const { tokens } = await within(harness, one.store.invalidate('one', ['desk']))
      await harness.pass(MESSAGE_MS)
      const read = await within(harness, Promise.all(reads))
      expect(read.map(({ versions }) => versions.tokens)).toEqual([tokens])
    },
  ],
  [
    'after the engine has lost its data no epoch or token is reused',
    async (harness) => {
      const one = await join(harness, 'one')
      const invalidate = () => within(harness, one.store.invalidate('one', ['desk', '*']))
      const before = [await invalidate(), await invalidate()]
      await loseData(harness, one)
      expect((await within(harness, one.store.read())).versions).toEqual({ epoch: undefined, tokens: {} })
      const after = [await invalidate(), await invalidate()]
      expect(after[0]?.previous).toEqual({})
      expect(after[0]?.epoch).not.toBe(before[0]?.epoch)
      const tokens = [...before, ...after].flatMap((told) => Object.values(told.tokens))
      expect(new Set(tokens).size).toBe(8)
    },
  ],
  [
    'simultaneous invalidations are ordered: each returns the token before it',
    async (harness) => {
      const members = await Promise.all(['a', 'b', 'c', 'd'].map((id) => join(harness, id)))
      const told = await within(
        harness,
        Promise.all(members.flatMap(({ store, id }) => [1, 2, 3].map(() => store.invalidate(id, ['desk'])))),
      )
      const tokens = told.map((one) => one.tokens['desk'])
      const before = told.map(({ previous }) => previous['desk'])
      const { versions } = await within(harness, (members[0] ?? (await join(harness, 'e'))).store.read())
      expect(new Set(tokens).size).toBe(12)
      expect(new Set([...before, versions.tokens['desk']])).toEqual(new Set([undefined, ...tokens]))
    },
  ],
  [
    'scopes may have any name',
    async (harness) => {
      const [one, two] = [await join(harness, 'one'), await join(harness, 'two')]
      const told = await within(harness, one.store.invalidate('one', ODD_NAMES))
      expect(Object.keys(told.tokens).sort()).toEqual([...ODD_NAMES].sort())
      const { versions } = await within(harness, two.store.read())
      expect(Object.keys(versions.tokens).sort()).toEqual([...ODD_NAMES].sort())
      await harness.pass(MESSAGE_MS)
      expect(two.hints.flatMap((hint) => (hint.kind === 'invalidated' ? [hint.scope] : []))).toEqual(ODD_NAMES)
    },
  ],
]
