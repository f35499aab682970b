import { setTimeout as wait } from 'node:timers/promises'
import { now } from '../clock.ts'
import { Crew } from '../crew.ts'
import { RedisServer } from '../redis-server.ts'
import { atMost, exactly, type Scenario } from '../scenario.ts'
import { behave, joinAndLoad, logOf, settingsOf } from './stage.ts'

const RECOVERY_MS = 500
/** How much longer a period may take: a member looks every 100 ms, and a probe fails after 5 ms. */
const LATE_MS = 200

/**
 * Calls by recovery period: a period begins with a call that reaches the service, and the next cannot begin before the
 * circuit's recovery time is over.
 */
export function periodsOf(calls: readonly number[], recoveryMs: number): number[] {
  const periods: { readonly from: number; calls: number }[] = []
  for (const at of calls) {
    const last = periods.at(-1)
    if (last !== undefined && at < last.from + recoveryMs) last.calls++
    else periods.push({ from: at, calls: 1 })
  }
  return periods.map((period) => period.calls)
}

/** When calls reached the service, from when all circuits were open. */
async function probe(crew: Crew, url: string | undefined, ms: number): Promise<number[]> {
  await joinAndLoad(crew, settingsOf(url, { recoveryTimeoutMs: RECOVERY_MS }))
  const from = await behave(crew, 'fail')
  await wait(from - now() + ms)
  await crew.all('rest', () => [])
  const log = await logOf(crew)
  await crew.all('leave', () => [])
  const firstOpen = new Map<number, number>()
  for (const { what, process, at } of log) if (what === 'open' && !firstOpen.has(process)) firstOpen.set(process, at)
  const allOpenAt = Math.max(...firstOpen.values())
  return log.filter(({ what, at }) => what === 'asked' && at > allOpenAt).map(({ at }) => at)
}

/** One process tries for all. */
export const probes: Scenario = {
  name: 'probes',
  title: 'A service stays down',
  how: `The load of “A service dies”, a recovery timeout of ${RECOVERY_MS} ms, and a service that stays down. It counts the calls that reach the service, in all processes, from when all circuits are open. A period begins with such a call and lasts a recovery time.`,
  async run({ isQuick, say }) {
    const [size, count] = isQuick ? [4, 3] : [20, 10]
    await using server = await RedisServer.start()
    await using crew = new Crew(size)
    const ms = count * (RECOVERY_MS + LATE_MS) + RECOVERY_MS
    const shared = await probe(crew, server.url, ms)
    const periods = periodsOf(shared, RECOVERY_MS).slice(0, count)
    const localPeriods = isQuick ? 1 : Math.round(ms / RECOVERY_MS)
    const local = await probe(crew, undefined, localPeriods * RECOVERY_MS)
    say(`probes of ${periods.length} periods: ${periods.join(' ')}; without a fleet ${local.length} in the same time`)
    const gaps = shared.slice(1).map((at, index) => at - (shared[index] ?? at))
    return [
      { name: `periods seen, of ${count}`, figure: periods.length, unit: 'periods', limit: exactly(count) },
      {
        name: `probes in these periods`,
        figure: periods.reduce((sum, calls) => sum + calls, 0),
        unit: 'calls',
        limit: exactly(count),
        note: `by period: ${periods.join(' ')}`,
      },
      {
        name: 'longest time between two probes',
        figure: Math.max(...gaps),
        unit: 'ms',
        limit: atMost(RECOVERY_MS + LATE_MS),
        isSpeed: true,
      },
      {
        name: 'the same without a fleet: probes in a period',
        figure: local.length / localPeriods,
        unit: 'calls',
        note: `${local.length} in ${localPeriods} recovery times`,
      },
    ]
  },
}
