import { channel } from 'node:diagnostics_channel'

/** Where the error of a listener goes: it must not reach the call during which the listener ran. */
const LISTENER_ERRORS = channel('svcproxy:listener-error')

/** Tells a listener; what it throws reaches nobody but `svcproxy:listener-error`. */
export function notify<E>(listener: (event: E) => void, event: E): void {
  try {
    listener(event)
  } catch (error) {
    LISTENER_ERRORS.publish({ event, error })
  }
}
