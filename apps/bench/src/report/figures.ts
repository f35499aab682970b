import type { Spread } from '../statistics.ts'
import type { Target, TargetUnit } from '../targets.ts'

/** Nanoseconds below 10 000, else microseconds or milliseconds. */
export function formatNs(ns: number): string {
  if (ns < 10_000) return `${significant(ns)} ns`
  if (ns < 10_000_000) return `${significant(ns / 1e3)} µs`
  return `${significant(ns / 1e6)} ms`
}

/** Where the middle half lies, in the unit that the median is shown in. */
export function formatMiddleHalf({ q1, q3 }: Spread): string {
  return `${formatNs(q1)} … ${formatNs(q3)}`
}

/** With enough digits to see which of two is larger. */
export function formatRatio(ratio: number): string {
  if (ratio !== 0 && Math.abs(ratio) < 0.1) return `${Number(ratio.toPrecision(2))} ×`
  return `${ratio < 10 ? ratio.toFixed(2) : significant(ratio)} ×`
}

/** Of a target, in its unit. */
export function formatInUnit(figure: number, unit: TargetUnit): string {
  switch (unit) {
    case 'ratio':
      return formatRatio(figure)
    case 'count':
      return Number.isInteger(figure) ? formatCount(figure) : String(Number(figure.toFixed(3)))
    case 'bytes':
      return `${formatCount(figure)} B`
    case 'us':
      return `${significant(figure)} µs`
    case 'ms':
      return `${significant(figure)} ms`
    case 'percent':
      return `${figure.toFixed(2)} %`
  }
}

/** What was measured for a target, with more digits when the fewer would look like its limit. */
export function formatFigure({ limit, unit }: Target, figure: number): string {
  const short = formatInUnit(figure, unit)
  if (figure === limit || short !== formatInUnit(limit, unit)) return short
  const [, sign = ''] = short.split(' ')
  return `${Number(figure.toPrecision(5))} ${sign}`.trim()
}

/** What a target asks for. */
export function formatLimit({ bound, limit, unit }: Target): string {
  return `${bound === 'at most' ? '≤' : '≥'} ${formatInUnit(limit, unit)}`
}

/** Whole, in groups of three digits. */
export function formatCount(count: number): string {
  return Math.round(count)
    .toString()
    .replaceAll(/\B(?=(?:\d{3})+$)/g, ' ')
}

/** Three digits, or all of those before the point. */
export function significant(value: number): string {
  if (value >= 100) return Math.round(value).toString()
  return value.toFixed(value >= 10 ? 1 : 2)
}
