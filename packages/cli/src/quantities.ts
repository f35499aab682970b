const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** A duration in milliseconds for a narrow column, in its two largest units: `12s`, `3m05s`, `7h40m`, `12d3h`. */
export function spanText(ms: number): string {
  if (!Number.isFinite(ms)) return '–'
  const span = Math.max(0, ms)
  if (span < MINUTE) return `${Math.floor(span / SECOND)}s`
  if (span < HOUR) return `${Math.floor(span / MINUTE)}m${twoDigits((span % MINUTE) / SECOND)}s`
  if (span < DAY) return `${Math.floor(span / HOUR)}h${twoDigits((span % HOUR) / MINUTE)}m`
  return `${Math.floor(span / DAY)}d${Math.floor((span % DAY) / HOUR)}h`
}

/** The time until `at`, rounded up, so that it is zero only when the time has come. */
export function untilText(at: string, now: number): string {
  return spanText(Math.ceil((Date.parse(at) - now) / SECOND) * SECOND)
}

/** A latency in milliseconds: `0.4ms`, `12ms`, `1.2s`. */
export function latencyText(ms: number): string {
  if (ms >= MINUTE) return spanText(ms)
  if (ms >= SECOND) return `${(ms / SECOND).toFixed(1)}s`
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)}ms`
}

/** A count in at most five columns: `99999`, `123k`, `4.5M`. */
export function countText(count: number): string {
  if (count < 100_000) return String(count)
  if (count < 1_000_000) return `${Math.floor(count / 1_000)}k`
  if (count < 1e9) return `${(count / 1e6).toFixed(count < 1e8 ? 1 : 0)}M`
  return `${(count / 1e9).toFixed(1)}G`
}

/** A rate: `0.4`, `12`. */
export function rateText(perSecond: number): string {
  return perSecond < 10 ? perSecond.toFixed(1) : countText(Math.round(perSecond))
}

/** The time of day in UTC, as in logs: `03:12:07Z`. */
export function timeText(at: number): string {
  return Number.isFinite(at) ? `${new Date(at).toISOString().slice(11, 19)}Z` : '–'
}

function twoDigits(value: number): string {
  return String(Math.floor(value)).padStart(2, '0')
}
