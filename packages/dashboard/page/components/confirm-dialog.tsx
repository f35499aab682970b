import type { ActionScope, Snapshot } from '@svcproxy/http'
import type { JSX } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { ACTION_TEXT, confirmLabel, fleetFor, type Intent } from '../actions.ts'
import type { Deed } from '../api.ts'
import { Environment } from './masthead.tsx'
import { ScopeChoice } from './scope-choice.tsx'

/** Asks before an action, naming what it is done to, what it does and where. Escape and Cancel do nothing. */
export function ConfirmDialog(props: {
  readonly intent: Intent
  /** Of the process it is done in. */
  readonly snapshot: Snapshot
  /** Settles when the action has ended. */
  readonly onConfirm: (deed: Deed, snapshot: Snapshot) => Promise<void>
  readonly onClose: () => void
}): JSX.Element {
  const { intent, onConfirm, onClose } = props
  // The one that the question was asked about, whatever the page shows meanwhile.
  const [snapshot] = useState(props.snapshot)
  const [scope, setScope] = useState<ActionScope>('process')
  const [working, setWorking] = useState(false)
  const dialog = useRef<HTMLDialogElement>(null)
  const cancel = useRef<HTMLButtonElement>(null)
  // Together with the DOM: useEffect comes a frame later, and until then keys would go to the page behind the dialog.
  useLayoutEffect(() => {
    dialog.current?.showModal()
    cancel.current?.focus()
  }, [])
  const { instance } = snapshot
  const fleet = fleetFor(intent.action, snapshot.fleet)
  const text = ACTION_TEXT[intent.action]
  const confirm = async (): Promise<void> => {
    setWorking(true)
    await onConfirm({ ...intent, scope }, snapshot)
    dialog.current?.close()
  }
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="question" aria-describedby="effect" onClose={onClose}>
      <h2 id="question">{text.question(intent.service ?? 'all services')}</h2>
      <div id="effect">
        <p>{text.effect}</p>
        <p class="dialog-place">
          {instance.environment !== null && <Environment name={instance.environment} />}
          {fleet === null && (
            <span>
              Only this process, <b>{instance.id}</b>
            </span>
          )}
        </p>
      </div>
      {fleet !== null && <ScopeChoice fleet={fleet} instance={instance} scope={scope} onChoose={setScope} />}
      <div class="dialog-buttons">
        <button ref={cancel} type="button" class="button" onClick={() => dialog.current?.close()}>
          Cancel
        </button>
        <button
          type="button"
          class={`button ${text.risky || scope === 'fleet' ? 'button-risky' : 'button-plain'}`}
          disabled={working}
          onClick={() => void confirm()}
        >
          {working ? 'Working…' : confirmLabel(intent.action, scope, fleet)}
        </button>
      </div>
    </dialog>
  )
}
