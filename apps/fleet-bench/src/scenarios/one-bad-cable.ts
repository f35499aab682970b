import { setTimeout as wait } from 'node:timers/promises'
import { now } from '../clock.ts'
import { Crew } from '../crew.ts'
import { RedisServer } from '../redis-server.ts'
import { atLeast, exactly, type Scenario } from '../scenario.ts'
import { joinAndLoad, logOf, settingsOf } from './stage.ts'

/** One process that cannot reach the service is one that has a problem. */
export const oneBadCable: Scenario = {
  name: 'one-bad-cable',
  title: 'One process cannot reach the service',
  how: 'All processes call 100 times a second; for one of them all calls fail, and for the others none. Its recovery timeout is a second, so it opens again and again. Counted are the processes whose circuit opened.',
  async run({ isQuick }) {
    const [size, ms] = isQuick ? [4, 1_500] : [20, 8_000]
    await using server = await RedisServer.start()
    await using crew = new Crew(size)
    await joinAndLoad(crew, settingsOf(server.url, { recoveryTimeoutMs: 1_000 }))
    await crew.hands[0]?.ask('behave', { manner: 'fail', from: now() })
    await wait(ms)
    const opened = (await logOf(crew)).filter(({ what }) => what === 'open')
    const counts = await crew.all('rest', () => [])
    const refused = counts.slice(1).reduce((sum, count) => sum + count.refused + count.failed, 0)
    return [
      {
        name: 'how often its own circuit opened',
        figure: opened.filter(({ process }) => process === 0).length,
        unit: 'times',
        limit: atLeast(1),
      },
      {
        name: 'circuits of others that opened',
        figure: opened.filter(({ process }) => process !== 0).length,
        unit: `of ${size - 1}`,
        limit: exactly(0),
      },
      { name: 'calls of others that were not answered', figure: refused, unit: 'calls', limit: exactly(0) },
    ]
  },
}
