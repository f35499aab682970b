import type { JSX } from 'preact'
import { formatExactCount } from '../format.ts'
import type { Tone, Totals as Numbers } from '../services.ts'
import { Icon, type IconName } from './icons.tsx'

/** How many services are how, in one line. */
export function Totals({ totals }: { readonly totals: Numbers }): JSX.Element {
  return (
    <dl class="totals">
      <Total name={totals.services === 1 ? 'service' : 'services'} count={totals.services} tone="plain" />
      <Total name="open" count={totals.open} tone="bad" icon="open" />
      <Total name="half-open" count={totals.halfOpen} tone="warn" icon="half_open" />
      <Total name="isolated" count={totals.isolated} tone="held" icon="isolated" />
      <Total name="unhealthy" count={totals.unhealthy} tone="bad" icon="unhealthy" />
    </dl>
  )
}

interface TotalProps {
  readonly name: string
  readonly count: number
  readonly tone: Tone
  readonly icon?: IconName
}

function Total({ name, count, tone, icon }: TotalProps): JSX.Element {
  return (
    <div class={`total ${count === 0 ? 'total-none' : `tone-${tone}`}`}>
      <dt>
        {icon !== undefined && <Icon name={icon} />}
        {name}
      </dt>
      <dd>{formatExactCount(count)}</dd>
    </div>
  )
}
