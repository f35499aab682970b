import type { InstanceView } from '@svcproxy/http'
import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { ACTION_TEXT, type Intent } from '../actions.ts'
import { Environment } from './masthead.tsx'

/** Asks before an action, naming what it is done to, what it does and where. Escape and Cancel do nothing. */
export function ConfirmDialog(props: {
  readonly intent: Intent
  readonly instance: InstanceView
  /** Settles when the action has ended. */
  readonly onConfirm: () => Promise<void>
  readonly onClose: () => void
}): JSX.Element {
  const { intent, instance, onConfirm, onClose } = props
  const [working, setWorking] = useState(false)
  const dialog = useRef<HTMLDialogElement>(null)
  const cancel = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    dialog.current?.showModal()
    cancel.current?.focus()
  }, [])
  const text = ACTION_TEXT[intent.action]
  const confirm = async (): Promise<void> => {
    setWorking(true)
    await onConfirm()
    dialog.current?.close()
  }
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="question" aria-describedby="effect" onClose={onClose}>
      <h2 id="question">{text.question(intent.service ?? 'all services')}</h2>
      <div id="effect">
        <p>{text.effect}</p>
        <p class="dialog-place">
          {instance.environment !== null && <Environment name={instance.environment} />}
          <span>
            Only this process, <b>{instance.id}</b>
          </span>
        </p>
      </div>
      <div class="dialog-buttons">
        <button ref={cancel} type="button" class="button" onClick={() => dialog.current?.close()}>
          Cancel
        </button>
        <button
          type="button"
          class={`button ${text.risky ? 'button-risky' : 'button-plain'}`}
          disabled={working}
          onClick={() => void confirm()}
        >
          {working ? 'Working…' : text.label}
        </button>
      </div>
    </dialog>
  )
}
