import { expect, test } from 'vitest'
import { orderOfRound } from './rounds.ts'

const ITEMS = ['a', 'b', 'c', 'd', 'e']
const ROUNDS = Array.from({ length: 12 }, (_, round) => orderOfRound(ITEMS, round))

test('every round has everyone once', () => {
  for (const order of ROUNDS) expect(order.toSorted()).toEqual(ITEMS)
})

test('nobody comes first twice in a row', () => {
  for (const [index, order] of ROUNDS.entries()) expect(order[0]).not.toBe(ROUNDS[index + 1]?.[0])
})

test('nobody follows the same one twice in a row', () => {
  const predecessors = ROUNDS.map((order) => new Map(order.map((item, index) => [item, order[index - 1]])))
  for (const [index, ofRound] of predecessors.slice(1).entries()) {
    for (const [item, predecessor] of ofRound) {
      expect(predecessor === undefined || predecessor !== predecessors[index]?.get(item)).toBe(true)
    }
  }
})

test('nobody has no order', () => {
  expect(orderOfRound([], 3)).toEqual([])
})
