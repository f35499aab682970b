import { ManualClock } from '@svcproxy/testing'
import { expect, test } from 'vitest'
import type { SnapshotAnswer, SnapshotRequest } from './api.ts'
import { createPolling, type Feed, type Polling } from './polling.ts'
import { snapshotOf } from './sample-service.ts'

/** A page before some processes, of which `next` says who answers a request. */
interface Page {
  readonly clock: ManualClock
  readonly polling: Polling
  /** For which process each request was meant. */
  readonly asked: (string | null)[]
  /** Who was shown, each time that something changed. */
  readonly shown: () => Set<string | undefined>
  readonly feed: () => Feed
}

async function openPage(next: () => string): Promise<Page> {
  const clock = new ManualClock()
  const asked: (string | null)[] = []
  const seen: Feed[] = []
  const polling = createPolling({
    clock,
    load: async ({ instance, etag }) => {
      asked.push(instance)
      return answerOf(next(), { instance, etag })
    },
    onChange: (feed) => seen.push(feed),
  })
  polling.resume()
  await clock.settle()
  const shown = (): Set<string | undefined> => new Set(seen.map(({ snapshot }) => snapshot?.instance.id))
  return { clock, polling, asked, shown, feed: () => seen.at(-1)! }
}

/** What the process of this name answers: each has a tag of its own. */
function answerOf(id: string, { instance, etag }: SnapshotRequest): SnapshotAnswer {
  if (instance !== null && instance !== id) return { kind: 'elsewhere', instance: id }
  if (etag === `of ${id}`) return { kind: 'unchanged' }
  return { kind: 'snapshot', snapshot: snapshotOf([], undefined, id), etag: `of ${id}` }
}

/** In turn; the list may change. */
function inTurn(ids: readonly string[]): () => string {
  let turn = 0
  return () => ids[turn++ % ids.length]!
}

/** These first, then one of them for ever. */
function first(ids: readonly string[], then: string): () => string {
  const left = [...ids]
  return () => left.shift() ?? then
}

test('the first process that answers is shown, and every poll is meant for it', async () => {
  const { clock, asked, feed } = await openPage(inTurn(['a']))
  await clock.advanceAsync(4_000)
  expect(asked).toEqual([null, 'a', 'a', 'a'])
  expect(feed()).toMatchObject({ refusal: null, stale: false, others: [] })
})

test('behind a balancer that takes four in turn it stays with the first, never stale, and knows the others', async () => {
  const { clock, feed, shown } = await openPage(inTurn(['b', 'a', 'd', 'c']))
  await clock.advanceAsync(0)
  expect(feed().others).toEqual(['a', 'd', 'c'])
  for (let polls = 0; polls < 100; polls++) {
    await clock.advanceAsync(2_000)
    expect(feed()).toMatchObject({ refusal: null, stale: false, others: ['a', 'd', 'c'] })
  }
  expect([...shown()]).toEqual([undefined, 'b'])
})

test('a poll asks eight times and then lets it be; one in which others answered by chance changes nothing', async () => {
  const { clock, asked, feed } = await openPage(first(['a', 'b', 'a', ...Array<string>(8).fill('b')], 'a'))
  await clock.advanceAsync(0)
  asked.length = 0
  await clock.advanceAsync(2_000)
  expect(asked).toEqual(Array(8).fill('a'))
  expect(feed()).toMatchObject({ snapshot: { instance: { id: 'a' } }, refusal: null, others: ['b'] })
  await clock.advanceAsync(2_000)
  expect(asked).toHaveLength(9)
})

test('among many it asks more often than eight times', async () => {
  const ids = Array.from({ length: 20 }, (_, index) => `web-${index}`)
  const { clock, feed, shown } = await openPage(inTurn(ids))
  await clock.advanceAsync(60_000)
  expect(feed().others).toHaveLength(19)
  const { seenAt } = feed()
  await clock.advanceAsync(2_000)
  expect(feed().seenAt).toBe(seenAt! + 2_000)
  expect([...shown()]).toEqual([undefined, 'web-0'])
})

test('one other alone answers, whom nobody has heard of: a restart, which is shown at once and has no others', async () => {
  const ids = ['a']
  const { clock, asked, feed } = await openPage(inTurn(ids))
  await clock.advanceAsync(10_000)
  ids[0] = 'b'
  asked.length = 0
  await clock.advanceAsync(2_000)
  expect(asked).toEqual([...Array<string>(8).fill('a'), null])
  expect(feed()).toMatchObject({ snapshot: { instance: { id: 'b' } }, refusal: null, others: [] })
  await clock.advanceAsync(2_000)
  expect(asked.at(-1)).toBe('b')
})

test.each([[['a', 'b', 'c']], [['a', 'b']]])(
  'of %j the shown one goes: it is kept until it is stale, then whoever answers is shown',
  async (all) => {
    const ids = [...all]
    const { clock, feed } = await openPage(inTurn(ids))
    await clock.advanceAsync(20_000)
    ids.splice(0, 1)
    await clock.advanceAsync(8_000)
    expect(feed()).toMatchObject({ snapshot: { instance: { id: 'a' } }, stale: false })
    await clock.advanceAsync(4_000)
    expect(feed().stale).toBe(false)
    const { id } = feed().snapshot!.instance
    expect(ids).toContain(id)
    const others = ids.filter((other) => other !== id)
    expect(feed().others).toEqual(others)
    await clock.advanceAsync(60_000)
    expect(feed()).toMatchObject({ snapshot: { instance: { id } }, others })
  },
)

test('another process is forgotten a minute after it answered', async () => {
  const ids = ['a', 'b']
  const { clock, feed } = await openPage(inTurn(ids))
  await clock.advanceAsync(0)
  expect(feed().others).toEqual(['b'])
  ids.splice(1, 1)
  await clock.advanceAsync(58_000)
  expect(feed().others).toEqual(['b'])
  await clock.advanceAsync(4_000)
  expect(feed().others).toEqual([])
})

test('another process is shown when the reader wants it, at once, and is stayed with', async () => {
  const { clock, polling, feed, shown } = await openPage(inTurn(['a', 'b', 'c']))
  await clock.advanceAsync(4_000)
  polling.show('c')
  await clock.settle()
  expect(feed()).toMatchObject({ snapshot: { instance: { id: 'c' } }, refusal: null })
  await clock.advanceAsync(60_000)
  expect(feed().others).toEqual(['b', 'a'])
  expect([...shown()]).toEqual([undefined, 'a', 'c'])
})

test('one that is wanted and does not answer in twenty tries is no longer offered; the shown one stays', async () => {
  const ids = ['a', 'b', 'c']
  const { clock, polling, asked, feed } = await openPage(inTurn(ids))
  await clock.advanceAsync(4_000)
  ids.splice(2, 1)
  asked.length = 0
  polling.show('c')
  await clock.settle()
  expect(asked.filter((instance) => instance === 'c')).toHaveLength(20)
  expect(feed()).toMatchObject({ snapshot: { instance: { id: 'a' } }, refusal: null, others: ['b'] })
})

test('the clock of another process is its own, also when it is a little behind', async () => {
  const behind = snapshotOf([], '2025-12-31T23:59:58Z', 'b')
  const clock = new ManualClock()
  const seen: Feed[] = []
  const polling = createPolling({
    clock,
    load: async ({ instance }) =>
      instance === 'b'
        ? { kind: 'snapshot', snapshot: behind, etag: null }
        : { kind: 'snapshot', snapshot: snapshotOf([], undefined, 'a'), etag: null },
    onChange: (feed) => seen.push(feed),
  })
  polling.resume()
  await clock.settle()
  expect(seen.at(-1)?.clockAheadMs).toBe(0)
  polling.show('b')
  await clock.settle()
  expect(seen.at(-1)?.clockAheadMs).toBe(-2_000)
})
