import type { Measurements } from './markdown.ts'

/** More would be noise. */
const DIGITS = 6

/** `docs/performance.json`: every sample, and every target with its verdict. Formatted as this repository's files are. */
export function jsonReport({ verdicts, ...measurements }: Measurements): string {
  const targets = verdicts.map(({ target: { title, bound, limit, unit }, figure, outcome }) => {
    return { title, bound, limit, unit, figure, outcome }
  })
  const indented = JSON.stringify({ ...measurements, targets }, rounded, 2)
  return `${indented.replaceAll(/\[[\d\s.,e+-]+\]/g, (numbers) => numbers.replaceAll(/\s+/g, ' ').replaceAll(/(?<=\[) | (?=\])/g, ''))}\n`
}

function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(DIGITS)) : value
}
