import type { BatchObservableResult, Meter, Observable } from '@opentelemetry/api'

/** Lets a meter read all of `instruments` with `observe`, in one go each time it collects, until it is disposed. */
export function observedTogether(
  meter: Meter,
  instruments: Readonly<Record<string, Observable>>,
  observe: (result: BatchObservableResult) => void,
): Disposable {
  const observables = Object.values(instruments)
  meter.addBatchObservableCallback(observe, observables)
  return { [Symbol.dispose]: () => meter.removeBatchObservableCallback(observe, observables) }
}
