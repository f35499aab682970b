import { channel } from 'node:diagnostics_channel'

/** Where the errors of listeners go: they must not reach the call during which the listener ran. */
const LISTENER_ERRORS = channel('svcproxy:listener-error')

/** Calls a listener; an error that it throws only reaches `svcproxy:listener-error`. */
export function notify<E>(listener: (event: E) => void, event: E): void {
  try {
    listener(event)
  } catch (error) {
    LISTENER_ERRORS.publish({ event, error })
  }
}
