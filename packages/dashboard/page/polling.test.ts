import { ManualClock } from '@svcproxy/testing'
import { expect, test } from 'vitest'
import type { SnapshotAnswer } from './api.ts'
import { createPolling, type Feed, type Polling } from './polling.ts'
import { snapshotOf } from './sample-service.ts'

/** A process whose answers the test gives by hand. */
interface Asked {
  readonly instance: string | null
  readonly etag: string | null
  readonly signal: AbortSignal
  readonly answer: (answer: SnapshotAnswer) => Promise<void>
}

interface Page {
  readonly clock: ManualClock
  readonly polling: Polling
  readonly asked: Asked[]
  readonly feed: () => Feed
}

const snapshot = snapshotOf([], '2026-01-01T00:00:07Z') // seven seconds ahead of the page's clock
const fresh: SnapshotAnswer = { kind: 'snapshot', snapshot, etag: 'W/"1"' }
const unchanged: SnapshotAnswer = { kind: 'unchanged' }
const nobody: SnapshotAnswer = { kind: 'refused', reason: 'unreachable' }

function openPage(): Page {
  const clock = new ManualClock()
  const asked: Asked[] = []
  const seen: Feed[] = []
  const polling = createPolling({
    clock,
    load: ({ instance, etag }, signal) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => resolve(nobody))
        asked.push({
          instance,
          etag,
          signal,
          answer: async (answer) => {
            resolve(answer)
            await clock.settle()
          },
        })
      }),
    onChange: (feed) => seen.push(feed),
  })
  polling.resume()
  return { clock, polling, asked, feed: () => seen.at(-1)! }
}

test('the second poll follows at once; every other two seconds after the previous one ended, however long that took', async () => {
  const { clock, asked } = openPage()
  await clock.advanceAsync(9_000)
  expect(asked).toHaveLength(1)
  await asked[0]!.answer(fresh)
  await clock.advanceAsync(0)
  expect(asked).toHaveLength(2)
  await clock.advanceAsync(9_000)
  await asked[1]!.answer(unchanged)
  await clock.advanceAsync(1_999)
  expect(asked).toHaveLength(2)
  await clock.advanceAsync(1)
  expect(asked).toHaveLength(3)
})

test('a poll sends the tag of the last snapshot, and an unchanged one is kept', async () => {
  const { clock, asked, feed } = openPage()
  expect(asked[0]!.etag).toBeNull()
  await asked[0]!.answer(fresh)
  await clock.advanceAsync(2_000)
  expect(asked[1]!.etag).toBe('W/"1"')
  const { seenAt } = feed()
  await clock.advanceAsync(500)
  await asked[1]!.answer(unchanged)
  expect(feed().snapshot).toBe(snapshot)
  expect(feed().seenAt).toBe(seenAt! + 2_500)
})

test('the difference of the clocks is known', async () => {
  const { asked, feed } = openPage()
  await asked[0]!.answer(fresh)
  expect(feed().clockAheadMs).toBe(7_000)
})

test('a snapshot that was made a while ago does not set the clock back; one that is far off does', async () => {
  const { clock, asked, feed } = openPage()
  await asked[0]!.answer(fresh)
  // Two seconds later by the page's clock: made 1.5 s before it came, at once, and by a clock that was set back.
  for (const [at, aheadMs] of [
    ['2026-01-01T00:00:07.500Z', 7_000],
    ['2026-01-01T00:00:11.100Z', 7_100],
    ['2026-01-01T00:00:01.000Z', -5_000],
  ] as const) {
    await clock.advanceAsync(2_000)
    await asked.at(-1)!.answer({ ...fresh, snapshot: snapshotOf([], at) })
    expect(feed().clockAheadMs).toBe(aheadMs)
  }
})

test('a page that nobody looks at asks nothing; it asks at once when somebody does', async () => {
  const { clock, polling, asked, feed } = openPage()
  await asked[0]!.answer(fresh)
  polling.pause()
  expect(feed().paused).toBe(true)
  await clock.advanceAsync(3_600_000)
  expect(asked).toHaveLength(1)
  expect(feed().stale).toBe(false)
  polling.resume()
  expect(asked).toHaveLength(2)
  expect(feed().paused).toBe(false)
})

test('pausing gives up the poll under way, whose answer changes nothing', async () => {
  const { clock, polling, asked, feed } = openPage()
  polling.pause()
  expect(asked[0]!.signal.aborted).toBe(true)
  await asked[0]!.answer(fresh)
  expect(feed().snapshot).toBeNull()
  await clock.advanceAsync(60_000)
  expect(asked).toHaveLength(1)
})

test('after an action it asks anew, and an answer from before the action is not shown', async () => {
  const { polling, asked, feed } = openPage()
  polling.refresh()
  expect(asked).toHaveLength(2)
  await asked[0]!.answer({ ...fresh, etag: 'W/"before"' })
  expect(feed().snapshot).toBeNull()
  await asked[1]!.answer(fresh)
  expect(feed().snapshot).toBe(snapshot)
})

test('refreshing does not wake a paused page', async () => {
  const { polling, asked } = openPage()
  polling.pause()
  polling.refresh()
  expect(asked).toHaveLength(1)
})

test('a snapshot that was not confirmed for ten seconds is stale until one is', async () => {
  const { clock, asked, feed } = openPage()
  await asked[0]!.answer(fresh)
  await clock.advanceAsync(2_000)
  await asked[1]!.answer(nobody)
  expect(feed()).toMatchObject({ snapshot, refusal: 'unreachable', stale: false })
  await clock.advanceAsync(2_000)
  await clock.advanceAsync(6_000)
  expect(feed().stale).toBe(true)
  await asked[2]!.answer(unchanged)
  expect(feed()).toMatchObject({ snapshot, refusal: null, stale: false })
})

test('before the first snapshot nothing is stale', async () => {
  const { clock, asked, feed } = openPage()
  await asked[0]!.answer(nobody)
  await clock.advanceAsync(60_000)
  expect(feed().stale).toBe(false)
})

test('a poll without an answer for ten seconds is given up and tried again', async () => {
  const { clock, asked, feed } = openPage()
  await clock.advanceAsync(10_000)
  expect(asked[0]!.signal.aborted).toBe(true)
  expect(feed().refusal).toBe('unreachable')
  await clock.advanceAsync(2_000)
  expect(asked).toHaveLength(2)
})

test('who may no longer see the services is shown none, and is not told that they are unchanged', async () => {
  const { clock, asked, feed } = openPage()
  await asked[0]!.answer(fresh)
  await clock.advanceAsync(2_000)
  await asked[1]!.answer({ kind: 'refused', reason: 'forbidden' })
  expect(feed()).toMatchObject({ snapshot: null, seenAt: null, refusal: 'forbidden' })
  await clock.advanceAsync(15_000)
  expect(asked[2]!.etag).toBeNull()
  expect(feed().stale).toBe(false)
})

test.each(['unauthenticated', 'forbidden'] as const)('who is %s is asked for less often', async (reason) => {
  const { clock, asked, feed } = openPage()
  await asked[0]!.answer({ kind: 'refused', reason })
  expect(feed().refusal).toBe(reason)
  await clock.advanceAsync(14_999)
  expect(asked).toHaveLength(1)
  await clock.advanceAsync(1)
  expect(asked).toHaveLength(2)
})
