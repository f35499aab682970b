import { setTimeout as wait } from 'node:timers/promises'
import { now } from '../clock.ts'
import { Crew } from '../crew.ts'
import { RedisServer } from '../redis-server.ts'
import { atMost, exactly, type Scenario } from '../scenario.ts'
import { medianOf } from '../statistics.ts'
import { behave, EVERY_MS, joinAndLoad, logOf, settingsOf } from './stage.ts'

/** With a circuit of its own each process has opened after five calls. */
const OPEN_BY_THEN_MS = 500

interface Opening {
  readonly failed: number
  /** From the first failure that a circuit counted until the last circuit was open, in milliseconds. */
  readonly tookMs: number
  readonly opened: number
  /** Calls of all processes in a second, over the whole round. */
  readonly callsPerSecond: number
}

async function openOnce(crew: Crew, url: string | undefined): Promise<Opening> {
  const loadedFrom = await joinAndLoad(crew, settingsOf(url))
  const from = await behave(crew, 'fail')
  await wait(from - now() + OPEN_BY_THEN_MS)
  const counts = await crew.all('rest', () => [])
  const loadedMs = now() - loadedFrom
  const log = await logOf(crew)
  await crew.all('leave', () => [])
  const first = log.find(({ what }) => what === 'counted')
  const opened = log.filter(({ what }) => what === 'open')
  return {
    failed: log.filter(({ what }) => what === 'failed').length,
    tookMs: (opened.at(-1)?.at ?? Number.NaN) - (first?.at ?? Number.NaN),
    opened: new Set(opened.map(({ process }) => process)).size,
    callsPerSecond: (counts.reduce((sum, { calls }) => sum + calls, 0) / loadedMs) * 1_000,
  }
}

/** All circuits open on what the processes have seen together. */
export const opening: Scenario = {
  name: 'opening',
  title: 'A service dies',
  how: 'Each process calls 100 times a second, the processes in turn; from one moment on all calls fail, 5 ms after they began. It counts the calls that fail in the service, those included that were under way when the circuits opened; the time runs from the first failure that a circuit counts until the last circuit is open. Rounds with a fleet and without one take turns; the figures are medians.',
  async run({ isQuick, say }) {
    const [size, warmUps, rounds] = isQuick ? [4, 0, 1] : [20, 4, 9]
    await using server = await RedisServer.start()
    await using crew = new Crew(size)
    if (!isQuick) await crew.all('warmUp', () => [server.url])
    for (let round = 0; round < warmUps; round++) await openOnce(crew, server.url)
    const shared: Opening[] = []
    const local: Opening[] = []
    for (let round = 0; round < rounds; round++) {
      shared.push(await openOnce(crew, server.url))
      local.push(await openOnce(crew, undefined))
    }
    const values = (openings: Opening[], key: keyof Opening): number[] => openings.map((round) => round[key])
    const spread = (openings: Opening[], key: keyof Opening): string =>
      values(openings, key)
        .map((value) => value.toFixed(key === 'tookMs' ? 1 : 0))
        .toSorted((one, other) => Number(one) - Number(other))
        .join(' ')
    say(`failed ${spread(shared, 'failed')}; open after ${spread(shared, 'tookMs')} ms`)
    say(`without a fleet: failed ${spread(local, 'failed')}; open after ${spread(local, 'tookMs')} ms`)
    const offered = (size * 1_000) / EVERY_MS
    return [
      {
        name: 'processes whose circuit opened, fewest',
        figure: Math.min(...values(shared, 'opened')),
        unit: `of ${size}`,
        limit: exactly(size),
      },
      {
        name: 'calls that fail until all circuits are open',
        figure: medianOf(values(shared, 'failed')),
        unit: 'calls',
        limit: atMost(35),
        isSpeed: true,
        note: `rounds: ${spread(shared, 'failed')}`,
      },
      {
        name: 'all open after the first failure',
        figure: medianOf(values(shared, 'tookMs')),
        unit: 'ms',
        limit: atMost(20),
        isSpeed: true,
        note: `rounds: ${spread(shared, 'tookMs')}`,
      },
      {
        name: 'the same without a fleet: calls that fail',
        figure: medianOf(values(local, 'failed')),
        unit: 'calls',
        note: `rounds: ${spread(local, 'failed')}`,
      },
      {
        name: 'the same without a fleet: all open after',
        figure: medianOf(values(local, 'tookMs')),
        unit: 'ms',
        note: `calls offered a second: ${offered}; made: ${medianOf(values(shared, 'callsPerSecond')).toFixed(0)}`,
      },
    ]
  },
}
