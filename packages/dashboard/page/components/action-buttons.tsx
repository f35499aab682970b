import type { ManagementAction } from '@svcproxy/http'
import type { JSX } from 'preact'
import { ACTION_TEXT, type Intent } from '../actions.ts'
import { Icon } from './icons.tsx'

/** What can be done to a service, or with `service` null to all. Nothing is done before it is confirmed. */
export function ActionButtons(props: {
  readonly actions: readonly ManagementAction[]
  readonly service: string | null
  readonly readOnly: boolean
  readonly onIntent: (intent: Intent) => void
}): JSX.Element {
  const { actions, service, readOnly, onIntent } = props
  if (readOnly) {
    return (
      <p class="read-only" title="The application mounted this page with readOnly: true">
        <Icon name="isolated" />
        Read-only: nothing can be changed here
      </p>
    )
  }
  return (
    <div class="actions">
      {actions.map((action) => (
        <button key={action} type="button" class="button" onClick={() => onIntent({ action, service })}>
          {ACTION_TEXT[action].label}
        </button>
      ))}
    </div>
  )
}
