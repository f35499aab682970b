import type { Snapshot } from '@svcproxy/http'
import type { JSX } from 'preact'
import type { Intent } from '../actions.ts'
import { select, type Selection, totalsOf } from '../services.ts'
import { useMedia } from '../use-media.ts'
import { ActionButtons } from './action-buttons.tsx'
import { FleetPanel } from './fleet-panel.tsx'
import { Notice } from './notices.tsx'
import { Panel } from './panel.tsx'
import { ServiceCards } from './service-cards.tsx'
import { ServiceTable } from './service-table.tsx'
import { Timeline } from './timeline.tsx'
import { Toolbar } from './toolbar.tsx'
import { Totals } from './totals.tsx'

/** All services of the process, and what happened to them. */
export function Overview(props: {
  readonly snapshot: Snapshot
  readonly selection: Selection
  readonly onSelect: (selection: Selection) => void
  readonly onIntent: (intent: Intent) => void
}): JSX.Element {
  const { snapshot, selection, onSelect, onIntent } = props
  const wide = useMedia('(min-width: 1340px)')
  const totals = totalsOf(snapshot.services)
  if (totals.services === 0) {
    return (
      <Notice icon="none" title="No services yet">
        <p>The application has not added services to its manager yet.</p>
      </Notice>
    )
  }
  const shown = select(snapshot.services, selection)
  return (
    <>
      <Totals totals={totals} />
      <Panel
        id="services"
        title="Services"
        heading="h2"
        beside={
          <>
            <Toolbar selection={selection} unwell={totals.unwell} onSelect={onSelect} />
            <ActionButtons
              actions={['invalidate-all', 'reset-all']}
              service={null}
              readOnly={snapshot.readOnly}
              onIntent={onIntent}
            />
          </>
        }
      >
        {shown.length === 0 && <NothingFound selection={selection} onSelect={onSelect} />}
        {shown.length > 0 && (wide ? <ServiceTable services={shown} /> : <ServiceCards services={shown} />)}
      </Panel>
      <FleetPanel snapshot={snapshot} />
      <Panel id="timeline" title="Timeline" heading="h2">
        <Timeline events={snapshot.events} />
      </Panel>
    </>
  )
}

function NothingFound(props: {
  readonly selection: Selection
  readonly onSelect: (selection: Selection) => void
}): JSX.Element {
  const { selection, onSelect } = props
  const text = selection.text.trim()
  return (
    <p class="card-empty">
      {text === ''
        ? 'No service has a problem.'
        : `No ${selection.onlyUnwell ? 'such ' : ''}service matches “${text}”.`}{' '}
      <button type="button" class="link" onClick={() => onSelect({ ...selection, text: '', onlyUnwell: false })}>
        Show all
      </button>
    </p>
  )
}
