import { setTimeout as wait } from 'node:timers/promises'
import { Crew } from '../crew.ts'
import { RedisServer } from '../redis-server.ts'
import { atMost, exactly, type Scenario } from '../scenario.ts'
import { quantileOf } from '../statistics.ts'
import { logOf, type PlacedEntry, settingsOf } from './stage.ts'

/** One after the other, each service once in 500 ms: a fleet slows down who invalidates the same again and again. */
const SERVICES = Array.from({ length: 20 }, (_, index) => `desk-${index}`)
const EVERY_MS = 25
const WARM_UP = 40

interface Sent {
  readonly at: number
  readonly by: number
  readonly service: string
}

/** How long each other process took to hear of each invalidation; undefined: it did not before the next one of that service. */
export function delaysOf(
  sent: readonly Sent[],
  heard: readonly PlacedEntry[],
  processes: number,
): (number | undefined)[] {
  return sent.flatMap(({ at, by, service }) => {
    const until = sent.find((next) => next.service === service && next.at > at)?.at ?? Infinity
    return Array.from({ length: processes }, (_, process) => process)
      .filter((process) => process !== by)
      .map((process) => {
        const entry = heard.find(
          (one) => one.process === process && one.service === service && one.at >= at && one.at < until,
        )
        return entry && entry.at - at
      })
  })
}

/** What one process invalidates, the others know. */
export const invalidation: Scenario = {
  name: 'invalidation',
  title: 'An invalidation',
  how: `${SERVICES.length} services, of which one is invalidated every ${EVERY_MS} ms, by one process after the other; nothing else goes on. The time runs from the call of fleet.invalidate() in one process until each other process announces the event, by the monotonic clock that processes of a machine share. All processes run on this machine, so they also wait for each other.`,
  async run({ isQuick, say }) {
    const [size, count] = isQuick ? [4, 40] : [20, 600]
    await using server = await RedisServer.start()
    await using crew = new Crew(size)
    const settings = settingsOf(server.url, { services: SERVICES, hasCircuits: false })
    if (!isQuick) await crew.all('warmUp', () => [server.url])
    await crew.all('join', () => [settings])
    const invalidate = async (times: number): Promise<Sent[]> => {
      const sent: Promise<Sent>[] = []
      for (let time = 0; time < times; time++) {
        const by = time % size
        const service = SERVICES[time % SERVICES.length] ?? ''
        const hand = crew.hands[by]
        if (hand) sent.push(hand.ask('invalidate', service).then(({ at }) => ({ at, by, service })))
        await wait(EVERY_MS)
      }
      return Promise.all(sent)
    }
    await invalidate(isQuick ? 0 : WARM_UP)
    await wait(500)
    await logOf(crew)
    const sent = await invalidate(count)
    await wait(500)
    const delays = delaysOf(sent, await logOf(crew), size)
    const known = delays.filter((delay) => delay !== undefined)
    const percent = (ratio: number): string => quantileOf(known, ratio).toFixed(2)
    say(`p10 ${percent(0.1)}, p50 ${percent(0.5)}, p90 ${percent(0.9)}, p99 ${percent(0.99)}, p100 ${percent(1)} ms`)
    return [
      {
        name: 'known in the other processes: p50',
        figure: quantileOf(known, 0.5),
        unit: 'ms',
        limit: atMost(1),
        isSpeed: true,
        note: `p10 ${percent(0.1)}, p90 ${percent(0.9)}`,
      },
      {
        name: 'known in the other processes: p99',
        figure: quantileOf(known, 0.99),
        unit: 'ms',
        limit: atMost(10),
        isSpeed: true,
        note: `slowest ${percent(1)}`,
      },
      {
        name: 'not known',
        figure: delays.length - known.length,
        unit: `of ${delays.length}`,
        limit: exactly(0),
      },
    ]
  },
}
