import type { JSX } from 'preact'
import { formatExactCount } from '../format.ts'
import { inWords, STATE_TONE, type Tone, type Totals as Numbers } from '../services.ts'
import { Icon, type IconName } from './icons.tsx'

const STATES = ['open', 'half_open', 'isolated', 'observing'] as const

/** How many services are how, in one line. */
export function Totals({ totals }: { readonly totals: Numbers }): JSX.Element {
  return (
    <dl class="totals">
      <Total name={totals.services === 1 ? 'service' : 'services'} count={totals.services} tone="plain" />
      {STATES.filter((state) => state !== 'observing' || totals.inState.observing > 0).map((state) => (
        <Total key={state} name={inWords(state)} count={totals.inState[state]} tone={STATE_TONE[state]} icon={state} />
      ))}
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
