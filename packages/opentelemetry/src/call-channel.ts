import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel'
import type { Channel } from 'node:diagnostics_channel'
import type { Context } from '@opentelemetry/api'
import type { CallTrace, LoadTrace } from '@svcproxy/core/adapter'

// Where core tells of every request of the process while somebody listens: see CallTrace.
const CALLS = tracingChannel<Context | undefined, CallTrace>('svcproxy:call')
// And of every load of an instance: see LoadTrace.
const LOADS = tracingChannel<Context | undefined, LoadTrace>('svcproxy:load')

/** Told of each call that begins; what is bound to it is in force while the call runs. */
export const callStarts: Channel<Context | undefined, CallTrace> = CALLS.start

/** Told of each load that begins; what is bound to it is in force while the load runs. */
export const loadStarts: Channel<Context | undefined, LoadTrace> = LOADS.start

/** Tells `listener` of each call that has ended; returns the function that takes it away. It must not throw. */
export function onCallEnd(listener: (call: CallTrace) => void): () => void {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the channel carries nothing else
  return listen(String(CALLS.asyncEnd.name), (message) => listener(message as CallTrace))
}

/** The same, for loads. */
export function onLoadEnd(listener: (load: LoadTrace) => void): () => void {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the channel carries nothing else
  return listen(String(LOADS.asyncEnd.name), (message) => listener(message as LoadTrace))
}

function listen(name: string, listener: (message: unknown) => void): () => void {
  subscribe(name, listener)
  return () => {
    unsubscribe(name, listener)
  }
}
