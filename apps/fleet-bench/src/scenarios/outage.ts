import { setTimeout as wait } from 'node:timers/promises'
import { now } from '../clock.ts'
import { Crew, type Hand } from '../crew.ts'
import { oneOf, type Random, seeded } from '../random.ts'
import { type Data, RedisServer } from '../redis-server.ts'
import { atMost, exactly, type Finding, type Scenario } from '../scenario.ts'
import { EVERYTHING, Invalidations, invalidate, rightAfter } from './instances.ts'
import { settingsOf } from './stage.ts'

const SERVICES = ['desk', 'files', 'rates', 'users', 'mails']
const SCOPES = [...SERVICES, EVERYTHING]
const RIGHT_WITHIN_MS = 2_000
/** It is waited for longer, so that a miss has a figure. */
const GIVE_UP_MS = 30_000

interface Outage {
  readonly data: Data
  readonly downMs: number
  readonly invalidations: number
}

async function playOutage(
  crew: Crew,
  server: RedisServer,
  { data, downMs, invalidations: count }: Outage,
  random: Random,
): Promise<{ rightMs: number; queued: number }> {
  const settings = settingsOf(server.url, { services: SERVICES, hasCircuits: false })
  await crew.all('join', () => [settings])
  const invalidations = new Invalidations(SERVICES)
  const some = async (times: number, pauseMs: number): Promise<('sent' | 'queued')[]> => {
    const all: Promise<'sent' | 'queued'>[] = []
    for (let time = 0; time < times; time++) {
      all.push(invalidate(oneOf<Hand>(crew.hands, random), oneOf(SCOPES, random), invalidations))
      void oneOf<Hand>(crew.hands, random).ask('serve')
      await wait(pauseMs)
    }
    return Promise.all(all)
  }
  await some(20, 20)
  await server.remember()
  // The older data do not have these.
  await some(20, 20)
  await server.kill()
  await wait(100)
  const results = await some(count, (downMs - 100) / count)
  await server.start(data)
  const since = now()
  const rightMs = (await rightAfter(crew, invalidations, { since, limitMs: GIVE_UP_MS })) ?? Infinity
  await crew.all('leave', () => [])
  return { rightMs, queued: results.filter((result) => result === 'queued').length }
}

/** Redis is gone for a while, and comes back with whatever data. */
export const outage: Scenario = {
  name: 'outage',
  title: 'A short outage of Redis',
  how: 'Redis is killed, and started again after 10 s: with the data that it had, with none, or with older ones that lack the last 20 invalidations before. Meanwhile the processes invalidate services, or all of them, 200 times, and go on loading and serving them. Each instance knows when its load began, by the clock that all processes share. From the moment at which Redis accepts connections again all processes are asked what they serve, over and over, until none of it was loaded before the last invalidation of its service.',
  async run({ isQuick, seed, say }) {
    const [size, downMs, count] = isQuick ? [4, 800, 40] : [8, 10_000, 200]
    const random = seeded(seed)
    await using server = await RedisServer.start()
    await using crew = new Crew(size)
    const findings: Finding[] = []
    for (const data of ['intact', 'empty', 'older'] as const) {
      const { rightMs, queued } = await playOutage(crew, server, { data, downMs, invalidations: count }, random)
      say(`${data}: right after ${rightMs.toFixed(0)} ms; ${queued} invalidations were queued`)
      findings.push(
        {
          name: `data ${data}: every instance is right after`,
          figure: rightMs,
          unit: 'ms',
          limit: atMost(RIGHT_WITHIN_MS),
          isSpeed: true,
        },
        { name: `data ${data}: invalidations meanwhile`, figure: queued, unit: 'queued', limit: exactly(count) },
      )
    }
    return findings
  },
}
