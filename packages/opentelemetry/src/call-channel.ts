import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel'
import type { Channel } from 'node:diagnostics_channel'
import type { Context } from '@opentelemetry/api'
import type { CallTrace, LoadTrace } from '@svcproxy/core/adapter'

// Core publishes every request of the process here while somebody subscribes: see CallTrace.
const CALLS = tracingChannel<Context | undefined, CallTrace>('svcproxy:call')
// And every load of an instance: see LoadTrace.
const LOADS = tracingChannel<Context | undefined, LoadTrace>('svcproxy:load')

/** Published when a call begins; a store that is bound to it applies while the call runs. */
export const callStarts: Channel<Context | undefined, CallTrace> = CALLS.start

/** Published when a load begins; a store that is bound to it applies while the load runs. */
export const loadStarts: Channel<Context | undefined, LoadTrace> = LOADS.start

/** Calls `listener` for each call that has ended; returns the function that removes it. The listener must not throw. */
export function onCallEnd(listener: (call: CallTrace) => void): () => void {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the channel carries nothing else
  return listen(String(CALLS.asyncEnd.name), (message) => listener(message as CallTrace))
}

/** The same for loads. */
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
