import { setTimeout as wait } from 'node:timers/promises'
import { Crew } from '../crew.ts'
import { RedisServer } from '../redis-server.ts'
import { atLeast, atMost, exactly, type Scenario } from '../scenario.ts'
import { joinAndLoad, settingsOf } from './stage.ts'

/** As `@svcproxy/fleet` does them, and up to a fifth sooner or later. */
const HEARTBEAT_MS = 5_000
const READ_MS = 15_000
const SPREAD = 0.2
/** What a member says when it has joined, and what it does with the commands of the bench, is over by then. */
const SETTLE_MS = 2_000

/** How often Redis has done each command. */
export function callsOf(commandstats: string): ReadonlyMap<string, number> {
  const lines = commandstats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)
  return new Map([...lines].map(([, name = '', calls]) => [name, Number(calls)]))
}

/** What a fleet costs its Redis while all is well. */
export const healthy: Scenario = {
  name: 'healthy',
  title: 'Normal operation',
  how: 'All processes call 100 times a second, and nothing fails. It counts what INFO commandstats says Redis has done meanwhile: the scripts are the operations of the fleet, and what they do inside Redis is not counted. A heartbeat in 5 s and a look in 15 s are 16 operations a minute, or up to 20 when chance makes all of them come a fifth earlier.',
  async run({ isQuick, say }) {
    const [size, ms] = isQuick ? [4, 3_000] : [20, 30_000]
    await using server = await RedisServer.start()
    await using crew = new Crew(size)
    await joinAndLoad(crew, settingsOf(server.url))
    await wait(isQuick ? 500 : SETTLE_MS)
    await server.command('CONFIG', 'RESETSTAT')
    await wait(ms)
    const calls = callsOf(await server.command('INFO', 'commandstats'))
    const counts = await crew.all('rest', () => [])
    const perMinute = (count: number): number => (count / size / ms) * 60_000
    const times = (name: string): number => calls.get(name) ?? 0
    const expected = 60_000 / HEARTBEAT_MS + 60_000 / READ_MS
    const operations = times('evalsha') + times('eval')
    say([...calls].map(([name, count]) => `${name} ${count}`).join(', '))
    return [
      {
        name: 'operations, a member and minute',
        figure: perMinute(operations),
        unit: 'scripts',
        // In a short time a few may come together.
        limit: atMost(expected / (1 - SPREAD) + (isQuick ? expected : 0)),
        note: `expected ${expected}; ${operations} of ${size} members in ${ms / 1_000} s`,
      },
      { name: 'messages', figure: times('publish'), unit: 'messages', limit: exactly(0) },
      {
        name: 'connections made',
        figure: times('hello') + times('subscribe'),
        unit: 'commands',
        limit: exactly(0),
      },
      {
        name: 'pings of the two connections, a member and minute',
        figure: perMinute(times('ping')),
        unit: 'commands',
        note: 'each connection is tried every 2 s when nothing else is said on it',
      },
      {
        name: 'calls meanwhile',
        figure: counts.reduce((sum, count) => sum + count.calls - count.failed - count.refused, 0),
        unit: 'calls answered',
        limit: atLeast(1),
      },
    ]
  },
}
