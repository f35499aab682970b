import type { ActionScope, FleetView, InstanceView } from '@svcproxy/http'
import type { JSX } from 'preact'
import { allOf, TOLD_LATER } from '../fleet.ts'
import { Under } from './fact.tsx'

/** Where an invalidation takes effect. */
export function ScopeChoice(props: {
  readonly fleet: FleetView
  readonly instance: InstanceView
  readonly scope: ActionScope
  readonly onChoose: (scope: ActionScope) => void
}): JSX.Element {
  const { fleet, instance, scope, onChoose } = props
  const choice = (value: ActionScope, words: JSX.Element): JSX.Element => (
    <label>
      <input type="radio" name="scope" checked={scope === value} onChange={() => onChoose(value)} />
      <span>{words}</span>
    </label>
  )
  const own = fleet.members.find(({ id }) => id === fleet.member)
  return (
    <fieldset class="scope">
      <legend class="unseen">Where</legend>
      {choice(
        'process',
        <>
          In this process, <b>{own?.label ?? instance.id}</b>
        </>,
      )}
      {choice(
        'fleet',
        <>
          In {allOf(fleet)} of the fleet <b>{fleet.namespace}</b>
          {fleet.state !== 'connected' && <Under>Queued: {TOLD_LATER}</Under>}
        </>,
      )}
    </fieldset>
  )
}
