import { setTimeout as wait } from 'node:timers/promises'
import { Crew } from '../crew.ts'
import type { CallCounts } from '../member/orders.ts'
import { RedisServer } from '../redis-server.ts'
import { atMost, exactly, type Scenario } from '../scenario.ts'
import { medianOf, quantileOf } from '../statistics.ts'
import { settingsOf, startLoad, whenSo } from './stage.ts'

/** Nobody calls the second one: it is invalidated so that all find out soon that Redis does not answer. */
const SERVICES = ['desk', 'spare']
const EVERY_MS = 5
const BEFORE_MS = 300
const CONNECTED_WITHIN_MS = 10_000

/** The load of so many milliseconds, of which Redis stands still in most. */
async function segment(crew: Crew, server: RedisServer, ms: number, isFrozen: boolean): Promise<CallCounts[]> {
  await startLoad(crew, EVERY_MS, true)
  await wait(BEFORE_MS)
  if (isFrozen) server.freeze()
  await Promise.all([crew.all('invalidate', () => ['spare']), wait(ms)])
  const counts = await crew.all('rest', () => [])
  server.thaw()
  await whenSo(CONNECTED_WITHIN_MS, async () => {
    const states = await crew.all('status', () => [])
    return states.every(({ state }) => state === 'connected')
  })
  await crew.all('serve', () => [])
  await wait(BEFORE_MS)
  return counts
}

function p99Of(counts: readonly CallCounts[]): number {
  return quantileOf(
    counts.flatMap(({ latencies }) => [...latencies]),
    0.99,
  )
}

/** Redis does not answer, and those who call do not notice. */
export const frozen: Scenario = {
  name: 'frozen',
  title: 'Redis hangs',
  how: 'Each process calls a service 200 times a second, through the facade, from an instance that is cached, and has its answer after 1 ms. In every second segment of the load Redis is stopped with SIGSTOP, and every process has an invalidation to tell, so that all of them notice and try to connect again and again. Compared is the 99th percentile of all calls of a segment, by the medians of the segments.',
  async run({ isQuick, say }) {
    const [size, rounds, ms] = isQuick ? [4, 1, 1_000] : [8, 8, 5_000]
    await using server = await RedisServer.start()
    await using crew = new Crew(size)
    const settings = settingsOf(server.url, { services: SERVICES, answersAfterMs: 1 })
    if (!isQuick) await crew.all('warmUp', () => [server.url])
    await crew.all('join', () => [settings])
    if (!isQuick) await segment(crew, server, ms, false)
    const p99s: { readonly well: number[]; readonly frozen: number[] } = { well: [], frozen: [] }
    const all: CallCounts[] = []
    for (let round = 0; round < rounds; round++) {
      for (const isFrozen of round % 2 === 0 ? [false, true] : [true, false]) {
        const counts = await segment(crew, server, ms, isFrozen)
        all.push(...counts)
        p99s[isFrozen ? 'frozen' : 'well'].push(p99Of(counts))
      }
    }
    const listed = (values: readonly number[]): string => values.map((value) => value.toFixed(2)).join(' ')
    say(`p99, ms: well ${listed(p99s.well)}; frozen ${listed(p99s.frozen)}`)
    return [
      {
        name: 'p99 while Redis hangs, relative to normal',
        figure: medianOf(p99s.frozen) / medianOf(p99s.well),
        unit: '×',
        limit: atMost(1.05),
        isSpeed: true,
        note: `p99 in ms: ${listed(p99s.frozen)}; well: ${listed(p99s.well)}`,
      },
      {
        name: 'calls that were not answered',
        figure: all.reduce((sum, { failed, refused }) => sum + failed + refused, 0),
        unit: `of ${all.reduce((sum, { calls }) => sum + calls, 0)}`,
        limit: exactly(0),
      },
    ]
  },
}
