/** The middle of a set of figures, and where its middle half lies. */
export interface Spread {
  readonly median: number
  readonly q1: number
  readonly q3: number
}

/** @throws RangeError when there are no values */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) throw new RangeError('There is no median of nothing')
  const sorted = values.toSorted((a, b) => a - b)
  return { median: quantile(sorted, 0.5), q1: quantile(sorted, 0.25), q3: quantile(sorted, 0.75) }
}

/** @throws RangeError when there are no values */
export function medianOf(values: readonly number[]): number {
  return spreadOf(values).median
}

/** Between two neighbours, in proportion. */
function quantile(sorted: readonly number[], ratio: number): number {
  const position = (sorted.length - 1) * ratio
  const below = sorted[Math.floor(position)] ?? Number.NaN
  const above = sorted[Math.ceil(position)] ?? Number.NaN
  return below + (above - below) * (position - Math.floor(position))
}
