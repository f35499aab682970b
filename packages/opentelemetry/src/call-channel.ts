import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel'
import type { Channel } from 'node:diagnostics_channel'
import type { Context } from '@opentelemetry/api'
import type { CallTrace } from '@svcproxy/core'

// Where core tells of every request of the process while somebody listens: see CallTrace.
const CALLS = tracingChannel<Context | undefined, CallTrace>('svcproxy:call')

/** Told of each call that begins; what is bound to it is in force while the call runs. */
export const callStarts: Channel<Context | undefined, CallTrace> = CALLS.start

/** Tells `listener` of each call that has ended; returns the function that takes it away. It must not throw. */
export function onCallEnd(listener: (call: CallTrace) => void): () => void {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the channel carries nothing else
  const registered = (message: unknown): void => listener(message as CallTrace)
  const name = String(CALLS.asyncEnd.name)
  subscribe(name, registered)
  return () => {
    unsubscribe(name, registered)
  }
}
