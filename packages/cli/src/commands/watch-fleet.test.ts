import { expect, test } from 'vitest'
import { balanced, fleetOf, inTurn } from '../../test/fleet-of-processes.ts'
import { operated, type OperatedProcess, serve } from '../../test/operated-process.ts'
import { watch } from '../../test/watching.ts'

/** Processes that are in no fleet. */
function processes(...names: readonly string[]): Promise<OperatedProcess[]> {
  return Promise.all(names.map((instanceId) => operated({ instanceId })))
}

test('watch shows the fleet below the services, and what changes in it', async () => {
  const { clock, processes: members } = await fleetOf(['web-1', 'web-2'])
  const watching = watch([members[0]!.url], { columns: 140 })
  await watching.round()
  expect(watching.screen()).toMatch(/\n\nFLEET {2}shop · .*\nNo process reports a problem\.\n$/)
  await members[1]!.breakFleet()
  await clock.advanceAsync(200)
  await watching.round()
  expect(watching.screen()).toMatch(/^fleet +– +– +○ open$/m)
  expect(await watching.interrupt()).toBe(0)
})

test('watch without a terminal tells of the fleet when something is new in it', async () => {
  const { clock, engine, processes: members } = await fleetOf(['web-1', 'web-2', 'web-3'])
  const [one, two] = members
  const watching = watch([one!.url])
  await watching.round()
  await watching.round()
  await two!.breakFleet()
  await clock.advanceAsync(200)
  await watching.round()
  await two!.manager.services.fleet.ask().catch(() => undefined)
  await watching.round()
  two!.manager.getProxy('fleet').resetCircuitBreaker()
  await clock.advanceAsync(200)
  await watching.round()
  engine.stop()
  await watching.round()
  const lines = watching
    .out()
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/^\S+Z {2}/, ''))
  expect(lines).toEqual([
    expect.stringMatching(/^PASS {2}production · instance web-1 /),
    expect.stringMatching(/^FLEET {2}shop · connected for \d+s · 3 processes, /),
    'fleet  in the fleet: 1 open; open: web-2',
    'fleet  in the fleet: healthy',
    expect.stringMatching(/^WARN {2}production · instance web-1 /),
    expect.stringMatching(/^FLEET {2}shop · degraded for \d+s · 3 processes, /),
  ])
  await watching.interrupt()
})

test('watch stays with the process that answered first, and says that others answer, too', async () => {
  const [one, two, three] = await processes('web-1', 'web-2', 'web-3')
  await two!.breakFleet()
  const url = await balanced([one!, two!, three!], inTurn(3))
  const watching = watch([url], { columns: 120 })
  await watching.round()
  expect(watching.screen()).toMatch(/^PASS .* instance web-1 /)
  for (let round = 0; round < 3; round++) {
    await watching.round()
    expect(watching.screen()).toMatch(
      /^Answers come from 3 processes: this shows web-1\.\nPASS {2}production · instance web-1 /,
    )
  }
  const [first, ...later] = [one!, two!, three!].flatMap(({ seen }) => seen.map(({ headers }) => headers))
  expect(first!['x-svcproxy-instance']).toBeUndefined()
  expect(new Set(later.map((headers) => headers['x-svcproxy-instance']))).toEqual(new Set(['web-1']))
  expect(await watching.interrupt()).toBe(0)
})

test('processes of a fleet share what is shown: that others answer is not said', async () => {
  const { processes: members } = await fleetOf(['web-1', 'web-2'])
  const watching = watch([await balanced(members, inTurn(2))], { columns: 120 })
  await watching.round()
  await watching.round()
  expect(members[1]!.seen.length).toBeGreaterThan(0)
  expect(watching.screen()).toMatch(/^PASS .* instance web-1 /)
  expect(watching.out()).not.toContain('Answers come from')
  await watching.interrupt()
})

test('others that have not answered for a minute are forgotten', async () => {
  const [one, two] = await processes('web-1', 'web-2')
  let next = inTurn(2)
  const watching = watch([await balanced([one!, two!], () => next())], { columns: 120 })
  await watching.round()
  await watching.round()
  next = () => 0
  watching.pass(60_000)
  await watching.round()
  expect(watching.screen()).toMatch(/^Answers come from 2 processes/)
  watching.pass(1)
  await watching.round()
  expect(watching.screen()).toMatch(/^PASS /)
  await watching.interrupt()
})

test('a process that has gone is followed by the one that answers in its place', async () => {
  const [one, two] = await processes('web-1', 'web-2')
  let next = 0
  const watching = watch([await balanced([one!, two!], () => next)], { columns: 120 })
  await watching.round()
  next = 1
  await watching.round()
  expect(watching.screen()).toMatch(/^PASS .* instance web-2 /)
  expect(two!.seen).toHaveLength(9) // eight times for the other one
  await watching.round()
  expect(two!.seen).toHaveLength(10)
  expect(await watching.interrupt()).toBe(0)
})

test('while several others answer, the figures are old; after ten seconds another one is shown', async () => {
  const [one, two, three] = await processes('web-1', 'web-2', 'web-3')
  const others = inTurn(2)
  let next = () => 0
  const watching = watch([await balanced([one!, two!, three!], () => next())], { columns: 120 })
  await watching.round()
  next = () => others() + 1
  await watching.round()
  watching.pass(9_999)
  await watching.round()
  expect(watching.screen()).toMatch(
    /^stale since 00:00:00Z \(9s\)\nOnly other processes answer, and not the one that is shown\.\nAnswers come from 3 .*\nPASS .* instance web-1 /,
  )
  watching.pass(1)
  await watching.round()
  expect(watching.screen()).toMatch(/^Answers come from 2 processes: this shows web-[23]\.\nPASS .* instance web-[23] /)
  expect(await watching.interrupt()).toBe(0)
})

test('a watch that ends while only others answer ends with 2', async () => {
  const [one, two, three] = await processes('web-1', 'web-2', 'web-3')
  let turn = -1
  const url = await balanced([one!, two!, three!], () => (++turn === 0 ? 0 : 1 + (turn % 2)))
  const watching = watch([url], { columns: 120 })
  await watching.round()
  await watching.round()
  expect(await watching.interrupt()).toBe(2)
})

test('each try after the first takes a new connection, which may lead elsewhere; the one that led to it is kept', async () => {
  const [one, two, three] = await processes('web-1', 'web-2', 'web-3')
  const ports: (number | undefined)[] = []
  const turns = [0, 1, 2, 0, 0]
  const { url } = await serve((request, response) => {
    ports.push(request.socket.remotePort)
    ;[one, two, three][turns.shift() ?? 0]!.listener(request, response)
  })
  const watching = watch([`${url}/ops`], { columns: 120 })
  for (let round = 0; round < 3; round++) await watching.round()
  const [first, tried, second, third, kept] = ports
  expect(ports).toHaveLength(5)
  expect(tried).toBe(first)
  expect(new Set([first, second, third]).size).toBe(3)
  expect(kept).toBe(third)
  await watching.interrupt()
})

test('without a terminal it is said once that others answer, too; with --json on standard error', async () => {
  const three = await processes('web-1', 'web-2', 'web-3')
  const lines = watch([await balanced(three, inTurn(3))])
  const documents = watch([await balanced(three, inTurn(3)), '--json'])
  for (let round = 0; round < 3; round++) {
    await lines.round()
    await documents.round()
  }
  expect(lines.out().match(/^\S+Z {2}Answers come from \d processes: this shows web-1\.$/gm)).toHaveLength(1)
  expect(documents.err()).toMatch(/^svcproxy: Answers come from \d processes: this shows web-1\.\n$/)
  expect(documents.out()).not.toContain('Answers come from')
  await lines.interrupt()
  await documents.interrupt()
})

test('watch tells processes of an earlier version apart, which do not look at who is meant', async () => {
  const older = [
    await operated({ instanceId: 'web-1' }, { isOld: true }),
    await operated({ instanceId: 'web-2' }, { isOld: true }),
  ]
  const watching = watch([await balanced(older, inTurn(2))], { columns: 120 })
  await watching.round()
  await watching.round()
  await watching.round()
  expect(watching.screen()).toMatch(/^Answers come from 2 processes: this shows web-1\.\nPASS .* instance web-1 /)
  expect(watching.out()).not.toContain('instance web-2')
  await watching.interrupt()
})
