import type { ManagedProxy } from './managed-services.ts'

/** The isolations that operators hold: one handle per proxy, through whichever mount it was created. */
const HELD = new WeakMap<ManagedProxy, Disposable>()

/** Holds the circuit open; does nothing if an operator already holds it. */
export function isolate(proxy: ManagedProxy): void {
  if (!HELD.has(proxy)) HELD.set(proxy, proxy.isolateCircuit())
}

/** Ends an operator's isolation. A circuit that the application itself has isolated stays isolated. */
export function release(proxy: ManagedProxy): void {
  HELD.get(proxy)?.[Symbol.dispose]()
  HELD.delete(proxy)
}

export function isHeldByOperator(proxy: ManagedProxy): boolean {
  return HELD.has(proxy)
}
