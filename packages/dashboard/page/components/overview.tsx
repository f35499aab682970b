import type { Snapshot } from '@svcproxy/http'
import type { JSX } from 'preact'
import type { Intent } from '../actions.ts'
import { select, type Selection, totalsOf } from '../services.ts'
import { useMedia } from '../use-media.ts'
import { ActionButtons } from './action-buttons.tsx'
import { Notice } from './notices.tsx'
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
  const wide = useMedia('(min-width: 1240px)')
  const totals = totalsOf(snapshot.services)
  if (totals.services === 0) {
    return (
      <Notice icon="none" title="No services yet">
        <p>The application has added none to its manager. They appear here as soon as it does.</p>
      </Notice>
    )
  }
  const shown = select(snapshot.services, selection)
  return (
    <>
      <Totals totals={totals} />
      <section class="panel" aria-labelledby="services">
        <div class="panel-head">
          <h2 id="services">Services</h2>
          <Toolbar selection={selection} unwell={totals.unwell} onSelect={onSelect} />
          <ActionButtons
            actions={['invalidate-all', 'reset-all']}
            service={null}
            readOnly={snapshot.readOnly}
            onIntent={onIntent}
          />
        </div>
        {shown.length === 0 && <NothingFound selection={selection} onSelect={onSelect} />}
        {shown.length > 0 && (wide ? <ServiceTable services={shown} /> : <ServiceCards services={shown} />)}
      </section>
      <section class="panel" aria-labelledby="timeline">
        <div class="panel-head">
          <h2 id="timeline">Timeline</h2>
        </div>
        <Timeline events={snapshot.events} />
      </section>
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
        ? 'All services are well.'
        : `No ${selection.onlyUnwell ? 'unwell ' : ''}service is called “${text}”.`}{' '}
      <button type="button" class="link" onClick={() => onSelect({ ...selection, text: '', onlyUnwell: false })}>
        Show all
      </button>
    </p>
  )
}
