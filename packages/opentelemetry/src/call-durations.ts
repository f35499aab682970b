import type { Attributes, Meter } from '@opentelemetry/api'
import type { CallTrace } from '@svcproxy/core/adapter'
import { onCallEnd } from './call-channel.ts'
import { errorTypeOf } from './error-type.ts'
import { harmless } from './harmless.ts'
import type { ManagedCalls } from './managed-calls.ts'

/** The bucket bounds that the semantic conventions recommend for HTTP durations, in seconds. */
const BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]

/**
 * Records `svcproxy.call.duration` of each call that ends, and `svcproxy.queue.wait` of calls that were queued, until
 * it is disposed.
 */
export function recordCallDurations(meter: Meter, calls: ManagedCalls, attributes: Attributes): Disposable {
  const durations = meter.createHistogram('svcproxy.call.duration', {
    description: 'Duration of calls, from the request to its answer.',
    unit: 's',
    advice: { explicitBucketBoundaries: BUCKETS_S },
  })
  const queueWaits = meter.createHistogram('svcproxy.queue.wait', {
    description: 'How long calls were queued because of maxConcurrentCalls.',
    unit: 's',
    advice: { explicitBucketBoundaries: BUCKETS_S },
  })
  const record = (call: CallTrace): void => {
    const { durationMs, queuedMs, service } = call
    if (durationMs === undefined || !calls.has(call)) return
    durations.record(durationMs / 1000, { ...attributes, ...attributesOf(call) })
    if (queuedMs !== undefined) queueWaits.record(queuedMs / 1000, { ...attributes, 'svcproxy.service': service })
  }
  return { [Symbol.dispose]: onCallEnd((call) => harmless(() => record(call))) }
}

function attributesOf(call: CallTrace): Attributes {
  const attributes: Attributes = {
    'svcproxy.service': call.service,
    'svcproxy.method': call.methodLabel,
    'svcproxy.outcome': call.outcome,
    'svcproxy.source': call.source,
  }
  const errorType = errorTypeOf(call)
  if (errorType !== undefined) attributes['error.type'] = errorType
  return attributes
}
