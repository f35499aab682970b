import { setTimeout as wait } from 'node:timers/promises'
import { now } from '../clock.ts'
import { Crew, type Hand } from '../crew.ts'
import { oneOf, seeded } from '../random.ts'
import { RedisServer } from '../redis-server.ts'
import { atMost, exactly, type Scenario } from '../scenario.ts'
import { type Line, lineThrough } from '../statistics.ts'
import { EVERYTHING, Invalidations, invalidate, rightAfter } from './instances.ts'
import { settingsOf, startLoad } from './stage.ts'

const SERVICES = ['desk', 'files', 'rates', 'users', 'mails']
const SCOPES = [...SERVICES, EVERYTHING]
const SIZE = 3
const INVALIDATE_EVERY_MS = 100
/** A part of the samples at the beginning, in which code is compiled. */
const SETTLING = 0.2
/** What may grow for another reason, in KiB. */
const NOISE_KIB = 64
const RIGHT_WITHIN_MS = 2_000

interface Sample {
  readonly at: number
  /** The last one is that of the process whose Redis stays. */
  readonly heapKib: readonly number[]
  readonly queued: readonly number[]
}

async function sample(crew: Crew, control: Crew): Promise<Sample> {
  const heaps = [...(await crew.all('heap', () => [])), ...(await control.all('heap', () => []))]
  const states = await crew.all('status', () => [])
  return { at: now(), heapKib: heaps.map((heap) => heap / 1_024), queued: states.map(({ queued }) => queued) }
}

/** How much the heap of each process grows over the samples, by the line through them, in KiB. */
export function growthsOf(samples: readonly Sample[]): Line[] {
  const settled = samples.slice(Math.floor(samples.length * SETTLING))
  const ms = (settled.at(-1)?.at ?? 0) - (settled[0]?.at ?? 0)
  return (settled[0]?.heapKib ?? []).map((_, process) => {
    const line = lineThrough(settled.map(({ at, heapKib }) => [at, heapKib[process] ?? Number.NaN] as const))
    return { slope: line.slope * ms, error: line.error * ms }
  })
}

/** How much more a process grows than the one whose Redis stays, beyond chance; the most of all. */
export function extraGrowthOf(growths: readonly Line[]): number {
  const control = growths.at(-1) ?? { slope: 0, error: 0 }
  const extras = growths
    .slice(0, -1)
    .map(({ slope, error }) => slope - control.slope - 2 * Math.hypot(error, control.error))
  return Math.max(0, ...extras)
}

/** Redis is gone for long, and nothing piles up. */
export const longOutage: Scenario = {
  name: 'long-outage',
  title: 'A long outage of Redis',
  how: `${SIZE} processes call 100 times a second each, while Redis is away for five minutes; every ${INVALIDATE_EVERY_MS} ms one of them invalidates a service, or all, and what it serves is loaded anew. What has to be told later and, after collecting garbage, the heap are looked at every few seconds. Another process does the same with a Redis that stays. Growth is that of the straight line through the samples, without their first fifth; the figure is how much more the process that grows most does than the one whose Redis stays, less two standard errors.`,
  async run({ isQuick, seed, say }) {
    const [downMs, sampleEveryMs] = isQuick ? [10_000, 1_000] : [300_000, 6_000]
    const random = seeded(seed)
    await using server = await RedisServer.start()
    await using steady = await RedisServer.start()
    await using crew = new Crew(SIZE)
    await using control = new Crew(1)
    const settings = settingsOf(server.url, { services: SERVICES, answersAfterMs: 1 })
    await crew.all('join', () => [settings])
    await control.all('join', () => [{ ...settings, fleet: { url: steady.url, namespace: 'control' } }])
    await startLoad(crew)
    await startLoad(control)
    await wait(500)
    await server.kill()
    const invalidations = new Invalidations(SERVICES)
    const samples: Sample[] = []
    let sent = 0
    const until = now() + downMs
    while (now() < until) {
      const nextSampleAt = now() + sampleEveryMs
      for (let turn = 0; now() < nextSampleAt; await wait(INVALIDATE_EVERY_MS), turn++) {
        const hand = oneOf<Hand>(crew.hands, random)
        if ((await invalidate(hand, oneOf(SCOPES, random), invalidations)) === 'sent') sent++
        await hand.ask('serve')
        // As often as each of the others, on average.
        if (turn % SIZE === 0) {
          await control.all('invalidate', () => [oneOf(SERVICES, random)])
          await control.all('serve', () => [])
        }
      }
      samples.push(await sample(crew, control))
    }
    const counts = await crew.all('rest', () => [])
    await server.start('empty')
    const rightMs = (await rightAfter(crew, invalidations, { since: now(), limitMs: 30_000 })) ?? Infinity
    const growths = growthsOf(samples)
    const listed = growths.map(({ slope, error }) => `${slope.toFixed(0)} ± ${error.toFixed(0)}`).join(', ')
    const unanswered = counts.reduce((sum, { failed, refused }) => sum + failed + refused, 0)
    say(
      `heap ${samples
        .at(-1)
        ?.heapKib.map((kib) => kib.toFixed(0))
        .join(' ')} KiB; growth ${listed} KiB`,
    )
    return [
      {
        name: 'scopes to be told later, most',
        figure: Math.max(...samples.flatMap(({ queued }) => queued)),
        unit: 'scopes',
        limit: atMost(SCOPES.length),
        note: `${SERVICES.length} services, and all of them`,
      },
      {
        name: 'growth of the heap, more than with Redis',
        figure: extraGrowthOf(growths),
        unit: 'KiB',
        limit: atMost(NOISE_KIB),
        isSpeed: true,
        note: `by process, the one with Redis last: ${listed}; ${samples.length} samples`,
      },
      {
        name: 'calls that were not answered',
        figure: unanswered,
        unit: `of ${counts.reduce((sum, { calls }) => sum + calls, 0)}`,
        limit: exactly(0),
      },
      { name: 'invalidations that seemed to be told', figure: sent, unit: 'sent', limit: exactly(0) },
      {
        name: 'every instance is right after',
        figure: rightMs,
        unit: 'ms',
        limit: atMost(RIGHT_WITHIN_MS),
        isSpeed: true,
      },
    ]
  },
}
