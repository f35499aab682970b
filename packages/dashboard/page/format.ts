// Numbers and times as people read them. The thin space keeps groups of digits, and a number and its unit, on one line.

const THIN_SPACE = '\u202f'
/** What stands for a value that there is none of. */
export const NOTHING = '–'

/** `0.4 ms`, `12 ms`, `1.2 s`, `3 min`; `∞` for null, as the API writes `Infinity`. */
export function formatDuration(ms: number | null): string {
  if (ms === null) return '∞'
  if (ms < 9.95) return withUnit(ms < 0.05 && ms > 0 ? '< 0.1' : trimmed(ms), 'ms')
  if (ms < 999.5) return withUnit(Math.round(ms).toString(), 'ms')
  if (ms < 59_950) return withUnit(ms < 9_950 ? trimmed(ms / 1000) : Math.round(ms / 1000).toString(), 's')
  if (ms < 3_570_000) return withUnit(trimmed(ms / 60_000, 10), 'min')
  return withUnit(trimmed(ms / 3_600_000, 10), 'h')
}

/** `1 204`; from ten thousand on `12.3 k`, then `4.1 M`. */
export function formatCount(count: number): string {
  if (count < 10_000) return formatExactCount(count)
  if (count < 999_500) return withUnit(count < 99_950 ? (count / 1000).toFixed(1) : formatExactCount(count / 1000), 'k')
  return withUnit(count < 99_950_000 ? (count / 1_000_000).toFixed(1) : formatExactCount(count / 1_000_000), 'M')
}

/** `1 204`, however many. */
export function formatExactCount(count: number): string {
  return Math.round(count)
    .toString()
    .replaceAll(/\B(?=(\d{3})+$)/g, THIN_SPACE)
}

/** Of requests: `0`, `0.4`, `12.5`, `340`. */
export function formatRate(perSecond: number | null): string {
  if (perSecond === null) return NOTHING
  if (perSecond === 0) return '0'
  if (perSecond < 0.05) return '< 0.1'
  return perSecond < 99.95 ? trimmed(perSecond, 100) : formatCount(perSecond)
}

/** `98 %`; rounded towards neither end: all but one in a thousand is `99.9 %`, and only all are `100 %`. */
export function formatRatio(part: number, whole: number): string {
  if (whole === 0) return NOTHING
  const percent = (part / whole) * 100
  if (percent > 99 && percent < 100) return withUnit(trimmed(Math.floor(percent * 10) / 10, 100), '%')
  if (percent > 0 && percent < 1) return withUnit(trimmed(Math.ceil(percent * 10) / 10), '%')
  return withUnit(Math.round(percent).toString(), '%')
}

/** How long ago: `now`, `12 s`, `3 min`, `5 h`, `2 d`. Whole units only, always rounded down, so that it never runs ahead. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds < 1) return 'now'
  if (seconds < 60) return withUnit(seconds.toString(), 's')
  if (seconds < 3600) return withUnit(Math.floor(seconds / 60).toString(), 'min')
  if (seconds < 172_800) return withUnit(Math.floor(seconds / 3600).toString(), 'h')
  return withUnit(Math.floor(seconds / 86_400).toString(), 'd')
}

/** `12 s ago`; `just now` in the first second. */
export function formatAgo(ms: number): string {
  return ms < 1000 ? 'just now' : `${formatAge(ms)} ago`
}

/** How long until: `12 s`, `2 min 05 s`, `1 h 12 min`. Rounded up, so that it is zero only when the time has come. */
export function formatCountdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000))
  if (seconds < 60) return withUnit(seconds.toString(), 's')
  if (seconds < 3600) {
    const rest = (seconds % 60).toString().padStart(2, '0')
    return `${withUnit(Math.floor(seconds / 60).toString(), 'min')} ${withUnit(rest, 's')}`
  }
  const minutes = Math.floor((seconds % 3600) / 60)
  return `${withUnit(Math.floor(seconds / 3600).toString(), 'h')} ${withUnit(minutes.toString(), 'min')}`
}

/** The time of day on the reader's clock: `14:02:11`. */
export function formatTimeOfDay(atMs: number): string {
  return new Date(atMs).toLocaleTimeString('en-GB')
}

/** For a tooltip: the reader's date and time, and which zone that is. */
export function formatDateTime(atMs: number): string {
  return new Date(atMs).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'long' })
}

/** An option's name, for people: `cacheTtlMs` is `cache TTL`. The unit stands with the value. */
export function formatSettingName(name: string): string {
  return name
    .replace(/(Ms|Ratio)$/, '')
    .replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
    .replaceAll(/\bttl\b/g, 'TTL')
}

/** What the last option of a path is called. A method's name is its own. */
export function formatSettingPath(path: readonly string[]): string {
  const last = path.at(-1) ?? ''
  if (path.length === 2 && path[0] === 'methods') return last
  // By itself it says how calls are retried, not that they are.
  return path.length === 1 && last === 'retry' ? 'retry, if requested' : formatSettingName(last)
}

/** An option's value by the unit that its name ends with. */
export function formatSetting(name: string, value: number | boolean | string | null): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'string') return value
  if (name === 'requestTimeoutMs' && value === null) return 'none'
  if (name.endsWith('Ms')) return value === 0 ? 'off' : formatDuration(value)
  if (value === null) return 'unlimited'
  return /ratio$/i.test(name) ? formatRatio(value, 1) : formatExactCount(value)
}

/** What one line says better than one for each option; undefined: there is one for each. */
export function formatPolicy(name: string, options: Readonly<Record<string, unknown>>): string | undefined {
  const number = (option: string): number => Number(options[option])
  if (name === 'retryBudget') {
    return `${formatRatio(number('ratio'), 1)} of the calls and ${formatRate(number('minPerSecond'))} a second`
  }
  if (name !== 'retry') return undefined
  const [first, longest] = [number('backoffInitialMs'), number('backoffMaxMs')]
  const waits =
    first === 0 ? 'no waits' : `waits up to ${formatDuration(first)}, doubling to ${formatDuration(longest)}`
  const which = options['hasIsRetryable'] === true ? ', some failures only' : ''
  return `${number('attempts')} attempts, ${waits}${which}`
}

function withUnit(value: string, unit: string): string {
  return value + THIN_SPACE + unit
}

/** With one decimal below `wholeFrom`, unless it is zero. */
function trimmed(value: number, wholeFrom: number = 9.95): string {
  return value < wholeFrom ? value.toFixed(1).replace('.0', '') : Math.round(value).toString()
}
