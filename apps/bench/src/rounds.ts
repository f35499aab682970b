/**
 * The order of a round: it starts one further than the round before and runs the other way round, so nobody always
 * comes first and, of three or more, nobody always follows the same one.
 */
export function orderOfRound<T>(items: readonly T[], round: number): T[] {
  const first = items.length === 0 ? 0 : round % items.length
  const forwards = [...items.slice(first), ...items.slice(0, first)]
  if (round % 2 === 0) return forwards
  return [...forwards.slice(0, 1), ...forwards.slice(1).toReversed()]
}
