import type { HealthLevel } from '@svcproxy/core'
import type { ServiceView } from '@svcproxy/http'
import type { JSX } from 'preact'
import { STATE_LABEL, STATE_TONE, type ShownState } from '../services.ts'
import { Icon } from './icons.tsx'
import { Ago } from './time.tsx'

/** The state of a circuit: a colour, a picture and a word. */
export function StatePill({ state }: { readonly state: ShownState }): JSX.Element {
  return (
    <span class={`pill tone-${STATE_TONE[state]}`}>
      <Icon name={state} />
      <span>{STATE_LABEL[state]}</span>
    </span>
  )
}

const LEVEL = {
  pass: { words: 'Healthy', icon: 'closed', tone: 'good' },
  warn: { words: 'Degraded', icon: 'unhealthy', tone: 'warn' },
  fail: { words: 'Failing', icon: 'open', tone: 'bad' },
} as const

/** The status of the process. */
export function LevelPill({ level }: { readonly level: HealthLevel }): JSX.Element {
  const { words, icon, tone } = LEVEL[level]
  return (
    <span class={`pill pill-large tone-${tone}`}>
      <Icon name={icon} />
      {words}
    </span>
  )
}

/** The last health check's result and age. */
export function Health({ health }: { readonly health: ServiceView['health'] }): JSX.Element {
  if (health === null) return <span class="health">Not checked</span>
  return (
    <span class={`health health-${health.healthy ? 'good' : 'bad'}`}>
      <Icon name={health.healthy ? 'healthy' : 'unhealthy'} />
      <span>
        {health.healthy ? 'Healthy' : 'Unhealthy'}{' '}
        <span class="quiet">
          · <Ago at={health.at} />
        </span>
      </span>
    </span>
  )
}

/** Marks a service without which the process is not ready. */
export function Critical({ critical }: { readonly critical: boolean }): JSX.Element | null {
  return critical ? (
    <span class="tag" title="While it is unhealthy, the process is not ready">
      critical
    </span>
  ) : null
}
