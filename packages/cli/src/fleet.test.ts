import { expect, test } from 'vitest'
import { deferred } from '../test/deferred.ts'
import { balanced, fleetOf, type FleetProcess, inTurn } from '../test/fleet-of-processes.ts'
import { operated, serve } from '../test/operated-process.ts'
import { svcproxy } from '../test/svcproxy.ts'

test('status says in two lines that a fleet is well', async () => {
  const { processes } = await fleetOf(['web-1', 'web-2', 'web-3'])
  const { code, out } = await svcproxy(['status', processes[0]!.url])
  expect(code).toBe(0)
  expect(out).toMatch(
    /\n\nFLEET {2}shop · connected for \d+s · 3 processes, seen within \ds · 0 queued invalidations · 0 missed hints · 1 resync\nNo process reports a problem\.\n$/,
  )
})

test('status shows what is unwell in another process, and ends with the code of this one', async () => {
  const { processes } = await fleetOf(['web-1', 'web-2'])
  await processes[1]!.breakFleet()
  const { code, out } = await svcproxy(['status', processes[0]!.url])
  expect(code).toBe(0)
  expect(out).toMatch(/^service +shared circuit +web-1 \(this\) +web-2$/m)
  expect(out).toMatch(/^last seen +\ds +\ds$/m)
  expect(out).toMatch(/^fleet +– +– +○ open$/m)
})

test('a shared circuit is held by the fleet in each process, until one of them probes', async () => {
  const { clock, processes } = await fleetOf(['web-1', 'web-2', 'web-3'])
  const [one, two, three] = processes
  for (const process of [one!, two!]) await process.breakFleet()
  await clock.advanceAsync(200)
  const held = await svcproxy(['status', three!.url])
  expect(held.code).toBe(1)
  expect(held.out).toMatch(/^fleet .*○ open .* held by the fleet, trial \d+s /m)
  expect(held.out).toMatch(/^fleet +○ open, probe in \d+s +○ open +○ open +○ open$/m)
  const sheet = await svcproxy(['status', three!.url, 'fleet'])
  expect(sheet.out).toMatch(/^circuit\nnext trial in \d+s\nheld by the fleet$/m)
  expect(sheet.out).toMatch(/fleet {2}circuit closed → open by the fleet$/m)

  const dueInMs = () => two!.manager.fleet?.status.circuits[0]?.remainingMs ?? 0
  while (dueInMs() > 0) await clock.advanceAsync(dueInMs())
  const answered = deferred()
  two!.behaviour.until = answered.promise
  const trial = await trialOf(two!)
  // The store is asked who probes once a second at most.
  await clock.advanceAsync(1_000)
  const probing = await svcproxy(['status', one!.url])
  expect(probing.out).toMatch(/^fleet +◐ web-2 probes +○ open +◐ half-open +○ open$/m)
  answered.resolve()
  await trial.done
})

/** Calls until the process has the probe, and then makes a trial. */
async function trialOf({ manager, clock }: FleetProcess): Promise<{ readonly done: Promise<unknown> }> {
  const call = () => manager.services.fleet.ask().catch(() => undefined)
  for (let calls = 0; calls < 20; calls++) {
    if (manager.getProxy('fleet').circuitState === 'half_open') return { done: call() }
    void call()
    await clock.advanceAsync(100)
  }
  throw new Error('It had no probe')
}

test('status says that a process does not hear its fleet, and why', async () => {
  const { clock, engine, processes } = await fleetOf(['web-1', 'web-2'])
  await svcproxy(['status', processes[0]!.url])
  engine.stop()
  await clock.advanceAsync(5_000)
  const { code, out } = await svcproxy(['status', processes[0]!.url])
  expect(code).toBe(1)
  expect(out).toMatch(/^WARN /)
  expect(out).toMatch(
    /^FLEET {2}shop · degraded for \ds · 2 processes, .*\nlast error of the store: Error\n.* when the fleet was last heard\.$/m,
  )
})

test('invalidate --fleet invalidates in every process, and says how many were told', async () => {
  const { clock, processes } = await fleetOf(['web-1', 'web-2', 'web-3'])
  for (const { manager } of processes) await manager.services.flags.ask()
  const { code, out, err } = await svcproxy(['invalidate', processes[0]!.url, 'flags', '--fleet'])
  await clock.advanceAsync(20)
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out).toMatch(
    /^The cache of flags is empty: .*\nTold 3 processes of the fleet\.\nDone by instance web-1\.\nservice .*\nflags /,
  )
  const states = processes.map(({ manager }) => manager.getProxy('flags').getStatus().cache.state)
  expect(states).toEqual(['empty', 'empty', 'empty'])
  const { out: other } = await svcproxy(['status', processes[1]!.url, 'flags'])
  expect(other).toMatch(/flags {2}cache invalidated by the fleet$/m)
  const { out: own } = await svcproxy(['status', processes[0]!.url, 'flags'])
  expect(own).toMatch(/flags {2}cache invalidated$/m)
  expect(own).toMatch(/flags {2}invalidate in the whole fleet by alice$/m)
})

test('invalidate without --fleet is for one process', async () => {
  const { clock, processes } = await fleetOf(['web-1', 'web-2'])
  for (const { manager } of processes) await manager.services.flags.ask()
  const { out } = await svcproxy(['invalidate', processes[0]!.url, 'flags'])
  await clock.advanceAsync(20)
  expect(out).not.toContain('fleet.')
  const states = processes.map(({ manager }) => manager.getProxy('flags').getStatus().cache.state)
  expect(states).toEqual(['empty', 'fresh'])
})

test('invalidate --all --fleet is for all services, and for a fleet of one', async () => {
  const { processes } = await fleetOf(['web-1'])
  const { code, out } = await svcproxy(['invalidate', '--all', '--fleet', processes[0]!.url])
  expect(code).toBe(0)
  expect(out).toContain('The cache of every service is empty')
  expect(out).toContain('Told 1 process of the fleet.')
})

test('what the fleet cannot be told now is queued, which ends with 0: it is done here, and will be there', async () => {
  const { clock, engine, processes } = await fleetOf(['web-1', 'web-2'])
  engine.stop()
  await clock.settle()
  const { code, out } = await svcproxy(['invalidate', processes[0]!.url, 'flags', '--fleet'])
  expect(code).toBe(0)
  expect(out).toContain('Queued for the other processes of the fleet: they are told as soon as its store answers.')
  expect((await svcproxy(['status', processes[0]!.url])).out).toContain(' · 1 queued invalidation · ')
})

test('--json has what became of it in the fleet', async () => {
  const { processes } = await fleetOf(['web-1', 'web-2'])
  const { out } = await svcproxy(['invalidate', processes[0]!.url, 'flags', '--fleet', '--json'])
  expect(JSON.parse(out)).toMatchObject({ action: 'invalidate', fleet: 'sent' })
})

test('the fleet was told although nobody says how many it is', async () => {
  const { clock, processes } = await fleetOf(['web-1', 'web-2'])
  const { url } = await serve((request, response) => {
    if (request.method === 'POST') processes[0]!.listener(request, response)
    else response.writeHead(503).end()
  })
  const { code, out, err } = await svcproxy(['invalidate', `${url}/ops`, 'flags', '--fleet'])
  await clock.advanceAsync(20)
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out).toContain('Told the fleet.\n')
})

test('--fleet is refused where there is none, and nothing is done', async () => {
  const app = await operated()
  await app.manager.services.flags.ask()
  const { code, out, err } = await svcproxy(['invalidate', app.url, 'flags', '--fleet'])
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(err).toBe('svcproxy: 422: This process has not joined a fleet. Nothing was done.\n')
  expect(app.manager.getProxy('flags').getStatus().cache.state).toBe('fresh')
})

test('behind a load balancer an action says which process did it', async () => {
  const { processes } = await fleetOf(['web-1', 'web-2'])
  const url = await balanced(processes, inTurn(2))
  expect((await svcproxy(['reset', url, 'fleet'])).out).toContain('\nDone by instance web-1.\n')
  expect((await svcproxy(['reset', url, 'fleet'])).out).toContain('\nDone by instance web-2.\n')
})

test('a server of an earlier version, that knows nothing of fleets and does not name itself, is shown', async () => {
  const { url } = await operated({}, { isOld: true })
  const status = await svcproxy(['status', url])
  expect(status).toMatchObject({ code: 0, err: '' })
  expect(status.out).toMatch(/^PASS .*\nservice .*\nfleet .*\nflags .*\nplain .*\n$/)
  await svcproxy(['isolate', url, 'fleet'])
  const sheet = await svcproxy(['status', url, 'fleet'])
  expect(sheet.out).toMatch(/fleet {2}circuit closed → isolated$/m)
  expect(sheet.out).toMatch(/fleet {2}isolate by alice$/m)
  const reset = await svcproxy(['reset', url, 'fleet'])
  expect(reset).toMatchObject({ code: 0, err: '' })
  expect(reset.out).not.toContain('Done by')
})

test.each([
  ['fleet', { namespace: 'shop' }],
  ['fleet', 'shop'],
  ['heldBy', 7],
])('a snapshot whose %s is not as it should be is refused: %o', async (member, wrong) => {
  const app = await operated()
  const { url } = await serve((_request, response) => {
    void (async () => {
      const snapshot = await (await fetch(`${app.url}/api/snapshot`)).text()
      const json: unknown = JSON.parse(snapshot, (key, value: unknown) => (key === member ? wrong : value))
      response.end(JSON.stringify(json))
    })()
  })
  const { code, err } = await svcproxy(['status', url])
  expect(code).toBe(2)
  expect(err).toContain('not of a management API')
})
