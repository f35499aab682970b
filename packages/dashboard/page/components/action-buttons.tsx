import type { ManagementAction } from '@svcproxy/http'
import type { JSX } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { ACTION_TEXT, type Intent } from '../actions.ts'
import { Icon } from './icons.tsx'

/** The actions on a service, or on all if `service` is null. Nothing is done before it is confirmed. */
export function ActionButtons(props: {
  readonly actions: readonly ManagementAction[]
  readonly service: string | null
  readonly readOnly: boolean
  readonly onIntent: (intent: Intent) => void
}): JSX.Element {
  const { actions, service, readOnly, onIntent } = props
  const buttons = useRef<HTMLDivElement>(null)
  const used = useRef(false)
  useLayoutEffect(() => {
    // The pressed button was replaced, Isolate by Release: the keyboard focus moves to the button next to it.
    const lost = used.current && document.activeElement === document.body
    used.current = false
    if (lost) buttons.current?.querySelector<HTMLElement>(':last-child')?.focus()
  }, [actions.join(' ')])
  if (readOnly) {
    return (
      <p class="read-only">
        <Icon name="isolated" />
        Read-only: nothing can be changed here
      </p>
    )
  }
  const press = (action: ManagementAction): void => {
    used.current = true
    onIntent({ action, service })
  }
  return (
    <div class="actions" ref={buttons}>
      {actions.map((action) => (
        <button key={action} type="button" class="button" onClick={() => press(action)}>
          {ACTION_TEXT[action].label}
        </button>
      ))}
    </div>
  )
}
