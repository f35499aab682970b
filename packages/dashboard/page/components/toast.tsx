import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { Icon } from './icons.tsx'

/** The result of an action. */
export interface Message {
  readonly good: boolean
  readonly words: string
}

const GOOD_STAYS_MS = 6_000

/** Shows the result of an action. Success disappears by itself; a failure stays until it is dismissed. */
export function Toast(props: { readonly message: Message | null; readonly onDismiss: () => void }): JSX.Element {
  const { message, onDismiss } = props
  useEffect(() => {
    if (message === null || !message.good) return undefined
    const timer = window.setTimeout(onDismiss, GOOD_STAYS_MS)
    return () => window.clearTimeout(timer)
  }, [message])
  return (
    <div class="toast-place" role="status">
      {message !== null && (
        <div class={`toast tone-${message.good ? 'good' : 'bad'}`}>
          <Icon name={message.good ? 'closed' : 'unhealthy'} />
          <span>{message.words}</span>
          <button type="button" class="toast-dismiss" onClick={onDismiss}>
            Dismiss
          </button>
        </div>
      )}
    </div>
  )
}
