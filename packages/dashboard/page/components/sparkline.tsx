import type { RequestHistory } from '@svcproxy/http'
import type { JSX } from 'preact'
import { INTERVALS, sparklinePaths, sparklineSummary } from '../sparkline-path.ts'

/** What was asked of a service in the last five minutes. `width` and `height` are pixels; it stretches to its box. */
export function Sparkline(props: { readonly history: RequestHistory; readonly height: number }): JSX.Element {
  const { history, height } = props
  const { successes, failures, rejections } = sparklinePaths(history, height)
  const summary = sparklineSummary(history)
  return (
    <svg
      class="sparkline"
      viewBox={`0 0 ${INTERVALS} ${height}`}
      height={height}
      preserveAspectRatio="none"
      role="img"
      aria-label={summary}
    >
      <title>{summary}</title>
      <path class="spark-base" d={`M0 ${height - 0.5}h${INTERVALS}`} />
      <path class="spark-good" d={successes} />
      <path class="spark-held" d={rejections} />
      <path class="spark-bad" d={failures} />
    </svg>
  )
}
