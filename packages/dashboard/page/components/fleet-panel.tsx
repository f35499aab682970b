import type { FleetView, Snapshot } from '@svcproxy/http'
import type { JSX } from 'preact'
import { fleetRows } from '../fleet.ts'
import { formatCount } from '../format.ts'
import { FleetTable } from './fleet-table.tsx'
import { Panel } from './panel.tsx'
import { Age } from './time.tsx'

/** The fleet of the process: each service, or `of` alone, in each process. Nothing without a fleet. */
export function FleetPanel(props: { readonly snapshot: Snapshot; readonly of?: string }): JSX.Element | null {
  const { snapshot, of } = props
  const { services, fleet } = snapshot
  if (fleet === null) return null
  const rows = fleetRows({ services, fleet }).filter(({ service }) => of === undefined || service === of)
  return (
    <Panel id="fleet" title="Fleet" heading={of === undefined ? 'h2' : 'h3'} beside={<Facts fleet={fleet} />}>
      {fleet.members.length === 0 ? (
        <p class="card-empty">No process is known yet.</p>
      ) : (
        <FleetTable rows={rows} fleet={fleet} />
      )}
    </Panel>
  )
}

/** What the process and its fleet hear of one another, in one line. */
function Facts({ fleet }: { readonly fleet: FleetView }): JSX.Element {
  const { namespace, state, since, members, queuedInvalidations, counts } = fleet
  const numbers = [
    [members.length, 'processes'],
    [queuedInvalidations, 'queued invalidations'],
    [counts.missedHints, 'missed hints'],
    [counts.resyncs, 'resyncs'],
    [counts.disconnections, 'lost connections'],
  ] as const
  return (
    <p class="fleet-facts">
      <b>{namespace}</b>
      {numbers.map(([count, words]) => (
        <span key={words}>
          {words}: {formatCount(count)}
        </span>
      ))}
      <span class={state === 'connected' ? '' : 'toned tone-warn'}>
        {state} for <Age at={since} />
      </span>
    </p>
  )
}
