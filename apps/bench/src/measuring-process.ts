// One measurement in a process of its own: no contender runs on what another one taught the compiler or left on the heap.
import { bytesPerOperation } from './measures/allocation.ts'
import { countMakings, type Makings } from './measures/makings.ts'
import { type OperationCounts, performOperations } from './measures/operations.ts'
import { costOfPopulation, type PopulationCost, populations, type PopulationSize } from './measures/population.ts'
import { timeOperations, timeSingly, type TimeBudget } from './measures/time.ts'
import type { Scenario, Subject } from './scenario.ts'
import { scenarios } from './scenarios/index.ts'
import { medianOf } from './statistics.ts'

interface OfContender<M extends string> {
  readonly measure: M
  readonly scenario: string
  readonly contender: string
}

/** What a measuring process is asked for. */
export type Order =
  | (OfContender<'time'> & { readonly budget: TimeBudget })
  | OfContender<'bytes'>
  | OfContender<'makings'>
  | (OfContender<'operations'> & { readonly counts: OperationCounts })
  | { readonly measure: 'population'; readonly contender: string; readonly size: PopulationSize }

/** What it answers: nanoseconds, bytes, counts, or that it is done. */
export interface Measured {
  readonly time: number
  readonly bytes: number
  readonly makings: Makings
  readonly operations: 'done'
  readonly population: PopulationCost
}

async function measure(order: Order): Promise<Measured[keyof Measured]> {
  if (order.measure === 'population') return costOfPopulation(found(populations, order.contender), order.size)
  const scenario = scenarios.find(({ id }) => id === order.scenario)
  if (scenario === undefined) throw new Error(`There is no scenario '${order.scenario}'`)
  const make = found(scenario.contenders, order.contender)
  if (order.measure === 'makings') return countMakings(make)
  const subject = await make()
  try {
    return await measureSubject(subject, order, scenario)
  } finally {
    await subject.dispose?.()
  }
}

async function measureSubject(
  subject: Subject,
  order: Extract<Order, { measure: 'time' | 'bytes' | 'operations' }>,
  { timedSingly = false }: Scenario,
): Promise<Measured['time' | 'bytes' | 'operations']> {
  switch (order.measure) {
    case 'bytes':
      return bytesPerOperation(subject)
    case 'operations':
      await performOperations(subject, order.counts)
      return 'done'
    case 'time':
      return medianOf(await (timedSingly ? timeSingly : timeOperations)(subject, order.budget))
  }
}

function found<V>(record: Readonly<Record<string, V>>, name: string): V {
  const value = Object.hasOwn(record, name) ? record[name] : undefined
  if (value === undefined) throw new Error(`There is no contender '${name}'`)
  return value
}

process.once('message', (order: Order) => {
  measure(order).then(
    (answer) => process.send?.(answer, () => process.exit(0)),
    (error: unknown) => {
      console.error(error)
      process.exit(1)
    },
  )
})
process.once('disconnect', () => process.exit(1))
