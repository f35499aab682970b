import type { Finding } from './scenario.ts'

/** How a finding came out. `open`: it has no limit, or it is a matter of time in a quick run. */
export type Outcome = 'met' | 'MISSED' | 'open'

/** @param isQuick times are not judged, unless something never came about */
export function outcomeOf({ figure, limit, isSpeed = false }: Finding, isQuick: boolean): Outcome {
  if (limit === undefined || (isSpeed && isQuick && Number.isFinite(figure))) return 'open'
  return isWithin(figure, limit) ? 'met' : 'MISSED'
}

function isWithin(figure: number, { bound, value }: NonNullable<Finding['limit']>): boolean {
  if (bound === 'at most') return figure <= value
  if (bound === 'at least') return figure >= value
  return figure === value
}
