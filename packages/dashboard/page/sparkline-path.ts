import type { RequestHistory } from '@svcproxy/http'

/** The parts of a chart, as the `d` of SVG paths, in units of one interval by one pixel of height. */
export interface SparklinePaths {
  /** Requests that ended well. */
  readonly successes: string
  readonly failures: string
  readonly rejections: string
}

/** How many intervals a chart shows: five minutes of the API's five seconds. */
export const INTERVALS = 60

/**
 * Stacked bars, one for each interval, the newest at the right end: failures at the bottom, where they are compared
 * easily, rejections on them, and what went well on top. What happened at all is seen: a bar is never lower than
 * a pixel.
 */
export function sparklinePaths({ requests, failures, rejections }: RequestHistory, height: number): SparklinePaths {
  const highest = Math.max(1, ...requests)
  const first = INTERVALS - requests.length
  const paths = { successes: '', failures: '', rejections: '' }
  for (const [index, total] of requests.entries()) {
    const failed = failures[index] ?? 0
    const rejected = rejections[index] ?? 0
    let top = height
    const stack = (count: number): string => {
      if (count <= 0) return ''
      const tall = Math.min(top, Math.max(1, Math.round((count / highest) * height)))
      top -= tall
      return `M${first + index} ${top}h1v${tall}h-1z`
    }
    paths.failures += stack(failed)
    paths.rejections += stack(rejected)
    paths.successes += stack(total - failed - rejected)
  }
  return paths
}

/** The most requests a second that any interval had. */
export function peakOf({ intervalMs, requests }: RequestHistory): number {
  return (Math.max(0, ...requests) * 1000) / intervalMs
}

/** What the chart shows, in words. */
export function sparklineSummary({ intervalMs, requests, failures, rejections }: RequestHistory): string {
  const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0)
  const minutes = Math.round((INTERVALS * intervalMs) / 60_000)
  return `Last ${minutes} minutes: ${sum(requests)} requests, ${sum(failures)} failed, ${sum(rejections)} rejected`
}
