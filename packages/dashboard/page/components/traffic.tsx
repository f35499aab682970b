import type { ServiceView } from '@svcproxy/http'
import type { JSX } from 'preact'
import { formatRate } from '../format.ts'
import { peakOf } from '../sparkline-path.ts'
import { Panel } from './panel.tsx'
import { NUMBERS, Numbers } from './service-numbers.tsx'
import { Sparkline } from './sparkline.tsx'

const FACTS = Object.values(NUMBERS)

const LEGEND = (
  <ul class="legend">
    <li>OK</li>
    <li class="legend-held">Rejected</li>
    <li class="legend-bad">Failed</li>
  </ul>
)

/** The requests of a service: the last five minutes as a chart, and what was counted since the process started. */
export function Traffic({ service }: { readonly service: ServiceView }): JSX.Element {
  return (
    <Panel id="requests" title="Requests" beside={LEGEND}>
      <div class="chart">
        <Sparkline history={service.history} height={96} />
        <p class="chart-axis" aria-hidden="true">
          <span>5 min ago</span>
          <span>peak {formatRate(peakOf(service.history))}/s</span>
          <span>now</span>
        </p>
      </div>
      <dl class="facts facts-wide">
        <Numbers numbers={FACTS} service={service} />
      </dl>
    </Panel>
  )
}
