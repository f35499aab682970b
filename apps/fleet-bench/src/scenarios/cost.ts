import { Hand } from '../crew.ts'
import { RedisServer } from '../redis-server.ts'
import { atMost, type Scenario } from '../scenario.ts'
import { medianOf } from '../statistics.ts'

/** What a call costs that has a fleet behind it. */
export const cost: Scenario = {
  name: 'cost',
  title: 'A call with a fleet and one without',
  how: 'One process has three managers: two in no fleet, and one that has joined and shares its circuit. Calls through the facade take turns in batches of 2 000, in changing order. The ratio is of the medians of all batches; the figure is the median of several processes, in half of which the one with the fleet is made first. The two without a fleet show how much is chance.',
  async run({ isQuick, say }) {
    const [size, rounds] = isQuick ? [2, 60] : [10, 500]
    await using server = await RedisServer.start()
    const ratios: number[] = []
    const controls: number[] = []
    const times: number[] = []
    for (let index = 0; index < size; index++) {
      // A process that has done nothing before.
      const hand = new Hand()
      const order = { url: server.url, rounds, isFleetFirst: index % 2 === 0 }
      const { without, control, withFleet } = await hand.ask('cost', order)
      await hand.kill()
      ratios.push(medianOf(withFleet) / medianOf(without))
      controls.push(medianOf(control) / medianOf(without))
      times.push(medianOf(without))
    }
    const listed = (values: readonly number[]): string => values.map((value) => value.toFixed(3)).join(' ')
    say(`with a fleet ${listed(ratios)}; control ${listed(controls)}`)
    return [
      {
        name: 'a call with a fleet, of one without',
        figure: medianOf(ratios),
        unit: '×',
        limit: atMost(1.02),
        isSpeed: true,
        note: `processes: ${listed(ratios.toSorted((one, other) => one - other))}`,
      },
      {
        name: 'another one without, of one without',
        figure: medianOf(controls),
        unit: '×',
        note: `processes: ${listed(controls.toSorted((one, other) => one - other))}`,
      },
      { name: 'a call without a fleet', figure: medianOf(times), unit: 'ns' },
    ]
  },
}
