import type { BatchObservableResult, Meter, Observable } from '@opentelemetry/api'

/** Makes a meter read all `instruments` together with `observe`, at each collection, until it is disposed. */
export function observedTogether(
  meter: Meter,
  instruments: Readonly<Record<string, Observable>>,
  observe: (result: BatchObservableResult) => void,
): Disposable {
  const observables = Object.values(instruments)
  meter.addBatchObservableCallback(observe, observables)
  return { [Symbol.dispose]: () => meter.removeBatchObservableCallback(observe, observables) }
}
