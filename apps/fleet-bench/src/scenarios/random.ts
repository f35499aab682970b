import { seeded } from '../random.ts'
import { exactly, type Scenario } from '../scenario.ts'
import { quantileOf } from '../statistics.ts'
import { type Check, RandomWorld } from './random-world.ts'

const BETWEEN_CHECKS = 80

/** Anything may happen, in any order. */
export const random: Scenario = {
  name: 'random',
  title: 'Random faults',
  how: `Processes with a proxy each invalidate and load services, while their connections are cut, held, delayed, lose all bytes or only replies, or become half-open, processes are killed and others take their places, and Redis is killed and comes back with the data that it had, none, or older ones. After every ${BETWEEN_CHECKS} operations all is made well, and all processes are asked what they serve until none of it was loaded before the last invalidation that they should know: all but those that only a process knew that was killed, because it had not told them, or had told them to a Redis that lost its data. The seed repeats the operations, not the order in which processes get to them.`,
  async run({ isQuick, seed, say }) {
    const [size, operations] = isQuick ? [4, 240] : [8, 10_000]
    await using world = await RandomWorld.begin(size, seeded(seed))
    const checks: Check[] = []
    for (let done = 0; done < operations; done += BETWEEN_CHECKS) {
      for (let count = 0; count < Math.min(BETWEEN_CHECKS, operations - done); count++) await world.step()
      const check = await world.heal()
      checks.push(check)
      if (!check.isRight) say(`after ${done + BETWEEN_CHECKS} operations: right after ${check.rightMs ?? '…'} ms`)
    }
    const late = checks.filter(({ isRight }) => !isRight)
    const took = checks.map(({ rightMs = Infinity }) => rightMs)
    const done = Object.entries(world.done).map(([name, count]) => `${name} ${count}`)
    say(`${done.join(', ')}; forgiven ${checks.reduce((sum, { forgiven }) => sum + forgiven, 0)}`)
    return [
      {
        name: 'not right within 2 s',
        figure: late.length,
        unit: `of ${checks.length} times`,
        limit: exactly(0),
        isSpeed: true,
        note: `${operations} operations, seed ${seed}: ${done.join(', ')}`,
      },
      {
        name: 'not right at all',
        figure: took.filter((ms) => ms === Infinity).length,
        unit: `of ${checks.length} times`,
        limit: exactly(0),
      },
      {
        name: 'all right after: p50',
        figure: quantileOf(took, 0.5),
        unit: 'ms',
        note: `slowest ${Math.max(...took).toFixed(0)}`,
      },
      {
        name: 'invalidations that only a process knew that was killed',
        figure: checks.reduce((sum, { forgiven }) => sum + forgiven, 0),
        unit: `of ${world.done.invalidate}`,
      },
    ]
  },
}
