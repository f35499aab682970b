/** The value below which this part of all values lies; between two neighbours, in proportion. */
export function quantileOf(values: ArrayLike<number>, ratio: number): number {
  if (values.length === 0) throw new RangeError('There is no quantile of nothing')
  const sorted = Float64Array.from(values).sort()
  const position = (sorted.length - 1) * ratio
  const below = sorted[Math.floor(position)] ?? Number.NaN
  const above = sorted[Math.ceil(position)] ?? Number.NaN
  return below + (above - below) * (position - Math.floor(position))
}

/** @throws RangeError when there are no values */
export function medianOf(values: ArrayLike<number>): number {
  return quantileOf(values, 0.5)
}

/** A straight line through points. */
export interface Line {
  /** Of the value, per unit of the position. */
  readonly slope: number
  /** How far off the slope may be, by how the points scatter: one standard error. */
  readonly error: number
}

/** The line of the least squares. @throws RangeError when there are fewer than three points */
export function lineThrough(points: ReadonlyArray<readonly [position: number, value: number]>): Line {
  if (points.length < 3) throw new RangeError('A line with an error takes three points')
  const count = points.length
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / count
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / count
  const width = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
  const slope = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / width
  const rest = points.reduce((sum, [x, y]) => sum + (y - meanY - slope * (x - meanX)) ** 2, 0)
  return { slope, error: Math.sqrt(rest / (count - 2) / width) }
}
