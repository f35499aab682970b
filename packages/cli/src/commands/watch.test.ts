import { expect, test } from 'vitest'
import { deferred } from '../../test/deferred.ts'
import { operated, serve } from '../../test/operated-process.ts'
import { svcproxy } from '../../test/svcproxy.ts'
import { watch } from '../../test/watching.ts'

const HIDE_CURSOR = '\u001b[?25l'
const SHOW_CURSOR = '\u001b[?25h'

test('watch draws the table over itself, shows what changed, and gives the cursor back', async () => {
  const app = await operated()
  const watching = watch([app.url], { columns: 120 })
  await watching.round()
  expect(watching.screen()).toMatch(/^PASS .*\nservice .*\nfleet .*● closed/)
  await app.breakFleet()
  await watching.round()
  const screen = watching.screen()
  expect(screen).toMatch(/^WARN .*\nservice .*\nfleet .*○ open/)
  expect(screen).toMatch(/fleet {2}circuit closed → open$/m)
  expect(screen.match(/^fleet /gm)).toHaveLength(1)
  expect(watching.out().startsWith(HIDE_CURSOR)).toBe(true)
  expect(watching.out()).not.toContain(SHOW_CURSOR)
  expect(await watching.interrupt()).toBe(1)
  expect(watching.out().endsWith(SHOW_CURSOR)).toBe(true)
})

test('watch says since when it is stale, keeps what it knows, and goes on when there is an answer again', async () => {
  const app = await operated()
  const watching = watch([app.url], { columns: 120 })
  await watching.round()
  await app.stop()
  await watching.round()
  watching.pass(61_000)
  await watching.round()
  expect(watching.screen()).toMatch(
    /^stale since 00:00:00Z \(1m01s\)\nhttp:.* cannot be reached: .*\nPASS .*\nservice .*\nfleet /,
  )
  await app.resume()
  await watching.round()
  expect(watching.screen()).toMatch(/^PASS /)
  expect(await watching.interrupt()).toBe(0)
})

test('watch ends with 2 when the last thing it knows is that nothing answers', async () => {
  const app = await operated()
  const watching = watch([app.url], { columns: 120 })
  await watching.round()
  await app.stop()
  await watching.round()
  expect(await watching.interrupt()).toBe(2)
})

test('watch waits for a process that is not there yet', async () => {
  const app = await operated()
  await app.stop()
  const watching = watch([app.url], { columns: 120 })
  await watching.round()
  expect(watching.screen()).toMatch(/^stale since .*\n.*cannot be reached.*\nRetrying; press Ctrl-C to end\.\n$/)
  await app.resume()
  await watching.round()
  expect(watching.screen()).toMatch(/^PASS /)
  expect(await watching.interrupt()).toBe(0)
})

test('watch ends at once when it is refused the first time', async () => {
  const { url } = await operated({ authorize: () => 'unauthenticated' })
  const { code, out, err } = await svcproxy(['watch', url], { columns: 80 })
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(err).toContain('Set SVCPROXY_TOKEN')
})

test('watch survives a refusal later on: a token may be taken again', async () => {
  let refused = false
  const { url } = await operated({ authorize: () => (refused ? 'unauthenticated' : true) })
  const watching = watch([url], { columns: 120 })
  await watching.round()
  refused = true
  await watching.round()
  expect(watching.screen()).toMatch(/^stale since .*\n401: /)
  refused = false
  await watching.round()
  expect(watching.screen()).toMatch(/^PASS /)
  expect(await watching.interrupt()).toBe(0)
})

test('watch asks only for what is new, and waits the interval after each answer', async () => {
  const app = await operated()
  const watching = watch([app.url, '--interval-ms', '700'], { columns: 120 })
  await watching.round()
  await watching.round()
  const [first, second] = app.seen
  expect(first?.headers['if-none-match']).toBeUndefined()
  expect(second?.headers['if-none-match']).toMatch(/^W\/"/)
  expect(app.seen).toHaveLength(2) // the next is sent after the pause
  expect(watching.pauses).toEqual([700, 700])
  await watching.interrupt()
})

test('watch fits into the window, however low', async () => {
  const app = await operated()
  const watching = watch([app.url], { columns: 120, rows: 4 })
  await watching.round()
  await watching.round()
  expect(watching.screen()).toMatch(/^PASS .*\nservice .*\n… and 3 lines more; enlarge the window to see them\n$/)
  await watching.interrupt()
})

test('watch leaves nothing behind in a window that became narrower', async () => {
  const app = await operated()
  const watching = watch([app.url], { columns: 120 })
  await watching.round()
  watching.resize(60)
  await watching.round()
  expect(watching.screen().match(/PASS /g)).toHaveLength(1)
  await watching.interrupt()
})

test('watch without a terminal prints how it is, then a line for each change', async () => {
  const app = await operated()
  const watching = watch([app.url])
  await watching.round()
  await watching.round()
  expect(watching.out()).toMatch(/^\S+Z {2}PASS {2}production · instance a1b2c3d4 · up \S+\n$/)
  await app.breakFleet()
  await watching.round()
  await app.stop()
  await watching.round()
  await watching.round()
  await app.resume()
  await watching.round()
  const [, ...changes] = watching.out().trimEnd().split('\n')
  expect(changes).toEqual([
    expect.stringMatching(/^\S+Z {2}fleet {2}circuit closed → open$/),
    expect.stringMatching(/^\S+Z {2}WARN {2}production/),
    expect.stringMatching(/^\S+Z {2}stale since .*cannot be reached.* Retrying\.$/),
    expect.stringMatching(/^\S+Z {2}Connected again\.$/),
  ])
  expect(watching.out()).not.toContain('\u001b')
  expect(await watching.interrupt()).toBe(1)
})

test('watch shows a retry budget that is used up, once, and the retries that it denied', async () => {
  const app = await operated()
  const orders = app.addOrders(() => Promise.reject(new Error('no')))
  const [lines, table] = [watch([app.url]), watch([app.url], { columns: 160 })]
  await lines.round()
  await table.round()
  for (let call = 0; call < 3; call++) await orders.ask().catch(() => undefined)
  await lines.round()
  await table.round()
  expect(lines.out().match(/^\S+Z {2}orders {2}retry budget used up$/gm)).toHaveLength(1)
  expect(table.screen()).toMatch(/^orders .* 0 {7}3 /m)
  expect(table.screen()).toMatch(/orders {2}retry budget used up$/m)
  await lines.interrupt()
  await table.interrupt()
})

test('watch without a terminal names who acted', async () => {
  const app = await operated()
  const watching = watch([app.url])
  await watching.round()
  await svcproxy(['isolate', app.url, 'fleet'])
  await watching.round()
  expect(watching.out()).toMatch(/^\S+Z {2}fleet {2}isolate by alice$/m)
  await watching.interrupt()
})

test('watch --json prints one document a line for each answer that is new; remarks go elsewhere', async () => {
  const app = await operated()
  const watching = watch([app.url, '--json'], { columns: 80 })
  await watching.round()
  await watching.round()
  await app.breakFleet()
  await watching.round()
  await app.stop()
  await watching.round()
  const documents = watching
    .out()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { status: string })
  expect(documents.map(({ status }) => status)).toEqual(['pass', 'warn'])
  expect(watching.err()).toMatch(/^svcproxy: stale since .*Retrying\.\n$/)
  await watching.interrupt()
})

test('watch ends while a request is under way', async () => {
  const requested = deferred()
  const { url } = await serve(() => requested.resolve())
  const watching = watch([url])
  await requested.promise
  expect(await watching.interrupt()).toBe(2)
  expect(watching.err()).toBe('')
})
