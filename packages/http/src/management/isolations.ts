import type { ManagedProxy } from './managed-services.ts'

/** The isolations that operators hold: one handle per proxy, whichever mount it was made through. */
const HELD = new WeakMap<ManagedProxy, Disposable>()

/** Holds the circuit open; does nothing when an operator holds it already. */
export function isolate(proxy: ManagedProxy): void {
  if (!HELD.has(proxy)) HELD.set(proxy, proxy.isolateCircuit())
}

/** Gives back what an operator holds. What the application itself isolated stays isolated. */
export function release(proxy: ManagedProxy): void {
  HELD.get(proxy)?.[Symbol.dispose]()
  HELD.delete(proxy)
}

export function isHeldByOperator(proxy: ManagedProxy): boolean {
  return HELD.has(proxy)
}
