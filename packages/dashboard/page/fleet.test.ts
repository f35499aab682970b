import type { FleetCircuitView } from '@svcproxy/http'
import { expect, test } from 'vitest'
import { allOf, commonStart, fleetRows, isMember, proberOf } from './fleet.ts'
import { circuitIn, fleetOf, memberOf, serviceView } from './sample-service.ts'

const open = { state: 'open', failures: 0 } as const
const failing = { state: 'closed', failures: 2 } as const
const [desk, files] = [serviceView({ name: 'desk' }), serviceView({ name: 'files' })]

const circuitOf = (service: string, part: Partial<FleetCircuitView> = {}): FleetCircuitView => ({
  service,
  state: 'open',
  retryAt: '2026-01-01T00:00:10Z',
  probe: null,
  ...part,
})

test('a service that anybody tells of has a row: of this process, of the members, and of the shared circuits', () => {
  const fleet = fleetOf([memberOf('web-1'), memberOf('web-2', { elsewhere: open })], {
    circuits: [circuitOf('shared', { state: 'closed' })],
  })
  const rows = fleetRows({ services: [desk, files], fleet })
  expect(rows.map(({ service, isHere }) => [service, isHere])).toEqual([
    ['elsewhere', false],
    ['desk', true],
    ['files', true],
    ['shared', false],
  ])
})

test('a member that tells nothing of a service has nothing to report, also when it is called as everything is', () => {
  const fleet = fleetOf([memberOf('web-1', { desk: failing }), memberOf('web-2')])
  const [row] = fleetRows({ services: [desk], fleet })
  expect(row?.cells).toEqual([failing, null])
  const [odd] = fleetRows({ services: [serviceView({ name: 'constructor' })], fleet: fleetOf([memberOf('web-1')]) })
  expect(odd?.cells).toEqual([null])
})

test.each([
  [[open, null, null, null], 'open in 1 of 4', 'bad'],
  [[open, open, open, open], 'open in all 4', 'bad'],
  [[open, open, { state: 'half_open', failures: 0 }, null], 'open in 2 of 4, half-open in 1', 'bad'],
  [[failing, null, { state: 'isolated', failures: 0 }, failing], 'isolated in 1 of 4, failing in 2', 'held'],
  [[failing, null, null, null], 'failing in 1 of 4', 'warn'],
] as const)('one process or all: %j is %s', (reports, words, tone) => {
  const members = reports.map((report, index) => memberOf(`web-${index}`, report === null ? {} : { desk: report }))
  expect(fleetRows({ services: [desk], fleet: fleetOf(members) })[0]?.summary).toEqual({ words, tone })
})

test('where all is well there is nothing to sum up', () => {
  expect(fleetRows({ services: [desk], fleet: fleetOf([memberOf('web-1')]) })[0]?.summary).toBeNull()
})

test('what is unwell in most processes comes first, what is well stays in its order', () => {
  const fleet = fleetOf([
    memberOf('web-1', { c: open, b: failing }),
    memberOf('web-2', { b: failing, d: open, c: open }),
  ])
  const services = ['a', 'b', 'c', 'd', 'e'].map((name) => serviceView({ name }))
  expect(fleetRows({ services, fleet }).map(({ service }) => service)).toEqual(['c', 'd', 'b', 'a', 'e'])
})

test('a circuit that the fleet holds open comes before what is well, also when nobody reports it', () => {
  const fleet = fleetOf([memberOf('web-1', { desk: failing })], { circuits: [circuitOf('files')] })
  const services = ['idle', 'files', 'desk'].map((name) => serviceView({ name }))
  const rows = fleetRows({ services, fleet })
  expect(rows.map(({ service }) => service)).toEqual(['files', 'desk', 'idle'])
  expect(rows[0]?.circuit?.state).toBe('open')
})

test('a circuit that only observes is not in the state that is reported of it, but an isolation is one', () => {
  const observing = serviceView({ name: 'desk', circuit: { ...circuitIn('open'), mode: 'observe' } })
  const fleet = fleetOf([
    memberOf('web-1', { desk: open }),
    memberOf('web-2', { desk: { state: 'isolated', failures: 0 } }),
  ])
  const [row] = fleetRows({ services: [observing], fleet })
  expect(row?.cells.map((cell) => cell?.state)).toEqual(['observing', 'isolated'])
  expect(row?.summary?.words).toBe('isolated in 1 of 2')
})

test('who probes is this process, another one by its label, one that is gone, or nobody', () => {
  const [one, two] = [memberOf('web-1'), memberOf('web-2')]
  const prober = (member: string | null): string => {
    const probe = member === null ? null : { member, until: '2026-01-01T00:00:10Z' }
    return proberOf(fleetOf([one, two], { circuits: [circuitOf('desk', { probe })] }), 'desk')
  }
  expect([one.id, two.id, 'gone', null].map(prober)).toEqual(['this process', 'web-2', 'another process', 'nobody yet'])
})

test('a process is in its fleet until it leaves; all of it are as many as are known', () => {
  const fleet = fleetOf([memberOf('web-1'), memberOf('web-2')])
  expect(isMember({ ...fleet, state: 'degraded' })).toBe(true)
  expect([isMember({ ...fleet, state: 'left' }), isMember(null)]).toEqual([false, false])
  expect([allOf(fleet), allOf(fleetOf([]))]).toEqual(['all 2 processes', 'all processes'])
})

test('what long labels have in common at their start, up to a mark, is told apart', () => {
  expect(commonStart(['shop-6d4cf56db6-8xk2p', 'shop-6d4cf56db6-8xzzz'])).toBe('shop-6d4cf56db6-')
  expect(commonStart(['node-17.eu:4711', 'node-17.eu:4712'])).toBe('node-17.eu:')
  expect(commonStart(['web-1', 'web-2'])).toBe('')
  expect(commonStart(['shop-6d4cf56db6-8xk2p', 'desk-1'])).toBe('')
  expect(commonStart([])).toBe('')
})
