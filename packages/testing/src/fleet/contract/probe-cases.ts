import { expect } from 'vitest'
import { due, isLease, joinAlive, lease, LEASE_MS, open, opened, read, RECOVERY_MS, take } from './circuit-fleet.ts'
import { loseData, MESSAGE_MS, within } from './harness.ts'
import type { Case } from './harness.ts'

export const probeCases: readonly Case[] = [
  [
    'no member gets the probe before its time; then exactly one does',
    async (harness) => {
      const [one, two] = await opened(harness)
      expect(await take(harness, one)).toMatchObject({ state: 'open' })
      await harness.pass(RECOVERY_MS)
      const members = [one, two, one, two]
      const taken = await within(
        harness,
        Promise.all(members.map(({ store, id }) => store.takeProbe(id, 'desk', LEASE_MS))),
      )
      expect(taken.filter(isLease)).toHaveLength(1)
      const prober = members[taken.findIndex(isLease)]
      const others = taken.filter((one) => !isLease(one))
      expect(others).toHaveLength(3)
      for (const other of others) {
        expect(other).toMatchObject({ state: 'open', remainingMs: 0, probe: { member: prober?.id } })
      }
    },
  ],
  [
    'all members can read who probes, and how long the lease lasts',
    async (harness) => {
      const [one, two] = await due(harness)
      await lease(harness, one)
      await harness.pass(MESSAGE_MS)
      const { probe } = (await read(harness, two)) ?? {}
      expect(probe?.member).toBe('one')
      expect(probe?.remainingMs).toBeLessThanOrEqual(LEASE_MS - MESSAGE_MS)
      expect(probe?.remainingMs).toBeGreaterThanOrEqual(1)
      await harness.pass(LEASE_MS)
      expect((await read(harness, two))?.probe).toBeUndefined()
    },
  ],
  [
    'there is no probe for an unknown or closed circuit',
    async (harness) => {
      const [one] = await due(harness)
      const unknown = { service: 'files', token: 'none' }
      expect(await within(harness, one.store.takeProbe(one.id, 'files', LEASE_MS))).toBeUndefined()
      expect(await within(harness, one.store.renewProbe(unknown, LEASE_MS))).toBe(false)
      expect(await within(harness, one.store.settleProbe(unknown, 'succeeded', RECOVERY_MS))).toBe(false)
      await within(harness, one.store.settleProbe(await lease(harness, one), 'succeeded', RECOVERY_MS))
      expect(await take(harness, one)).toMatchObject({ state: 'closed', remainingMs: 0 })
      const { circuits } = await within(harness, one.store.read())
      expect(circuits).toHaveLength(1)
    },
  ],
  [
    'a successful probe closes the circuit for all; a failed one opens it again',
    async (harness) => {
      const [one, two, view] = await due(harness)
      expect(await within(harness, one.store.settleProbe(await lease(harness, one), 'failed', 200))).toBe(true)
      const again = await read(harness, two)
      expect(again).toMatchObject({ state: 'open' })
      expect(again?.remainingMs).toBeGreaterThan(0)
      expect(again?.remainingMs).toBeLessThanOrEqual(200)
      await harness.pass(200)
      expect(await within(harness, two.store.settleProbe(await lease(harness, two), 'succeeded', RECOVERY_MS))).toBe(
        true,
      )
      const closed = await read(harness, one)
      expect(closed).toMatchObject({ state: 'closed', remainingMs: 0 })
      expect(new Set([view, again, closed].map((of) => of?.generation)).size).toBe(3)
      await harness.pass(MESSAGE_MS)
      for (const { hints } of [one, two]) {
        const told = hints.flatMap((hint) => (hint.kind === 'circuit' ? [hint.circuit] : []))
        expect(told.map(({ state }) => state)).toEqual(['open', 'open', 'closed'])
        expect(told.map(({ remainingMs }) => remainingMs)).toEqual([RECOVERY_MS, 200, 0])
        expect(told.at(-1)?.generation).toBe(closed?.generation)
      }
    },
  ],
  [
    'a lease is settled once',
    async (harness) => {
      const [one, two] = await due(harness)
      const settled = await lease(harness, one)
      expect(await within(harness, one.store.settleProbe(settled, 'failed', 0))).toBe(true)
      expect(await within(harness, one.store.settleProbe(settled, 'succeeded', 0))).toBe(false)
      expect(await within(harness, one.store.renewProbe(settled, LEASE_MS))).toBe(false)
      await lease(harness, two)
    },
  ],
  [
    'another member can take a probe that was returned unused',
    async (harness) => {
      const [one, two, view] = await due(harness)
      await within(harness, one.store.settleProbe(await lease(harness, one), 'unused', RECOVERY_MS))
      await lease(harness, two)
      expect(await read(harness, two)).toMatchObject({ state: 'open', generation: view.generation })
      await harness.pass(MESSAGE_MS)
      expect(two.hints).toHaveLength(1)
    },
  ],
  [
    'another member can take an expired lease; the old lease has no effect any more',
    async (harness) => {
      const [one, two] = await due(harness)
      const old = await lease(harness, one)
      expect(isLease(await take(harness, two))).toBe(false)
      await harness.pass(LEASE_MS)
      await lease(harness, two)
      expect(await within(harness, one.store.settleProbe(old, 'succeeded', RECOVERY_MS))).toBe(false)
      expect(await within(harness, one.store.renewProbe(old, LEASE_MS))).toBe(false)
    },
  ],
  [
    'another member can take the lease of one that has left; leases of others stay',
    async (harness) => {
      const [one, two] = await due(harness)
      const old = await lease(harness, two)
      await within(harness, one.store.leave(one.id))
      expect(await within(harness, two.store.renewProbe(old, LEASE_MS))).toBe(true)
      await within(harness, two.store.leave(two.id))
      await lease(harness, one)
      expect(await within(harness, two.store.settleProbe(old, 'succeeded', RECOVERY_MS))).toBe(false)
    },
  ],
  [
    'a lease can be extended',
    async (harness) => {
      const [one, two] = await due(harness)
      const taken = await lease(harness, one)
      await harness.pass(LEASE_MS / 2)
      expect(await within(harness, one.store.renewProbe(taken, LEASE_MS))).toBe(true)
      await harness.pass(LEASE_MS / 2 + 50)
      expect(isLease(await take(harness, two))).toBe(false)
      expect(await within(harness, one.store.settleProbe(taken, 'succeeded', RECOVERY_MS))).toBe(true)
    },
  ],
  [
    'after the engine has lost its data the circuit is unknown, and no generation or lease is reused',
    async (harness) => {
      const [one, two, before] = await due(harness)
      const old = await lease(harness, one)
      await loseData(harness, one, two)
      expect(await read(harness, one)).toBeUndefined()
      expect(await take(harness, one)).toBeUndefined()
      const [three, four] = [await joinAlive(harness, 'three'), await joinAlive(harness, 'four')]
      const after = await open(harness, three, four)
      expect(after.generation).not.toBe(before.generation)
      await harness.pass(RECOVERY_MS)
      await lease(harness, three)
      expect(await within(harness, one.store.settleProbe(old, 'succeeded', RECOVERY_MS))).toBe(false)
    },
  ],
]
