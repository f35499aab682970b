import type OpossumBreaker from 'opossum'
import type { LazyCircuit } from './lazy-circuit.ts'

/** The opossum breakers by service name. Each is created when it is first read. */
export class CircuitsByName implements ReadonlyMap<string, OpossumBreaker> {
  readonly #circuits: ReadonlyMap<string, LazyCircuit>

  constructor(circuits: ReadonlyMap<string, LazyCircuit>) {
    this.#circuits = circuits
  }

  get size(): number {
    return this.#circuits.size
  }

  has(name: string): boolean {
    return this.#circuits.has(name)
  }

  keys(): MapIterator<string> {
    return this.#circuits.keys()
  }

  get(name: string): OpossumBreaker | undefined {
    return this.#circuits.get(name)?.opossum
  }

  *values(): MapIterator<OpossumBreaker> {
    for (const { opossum } of this.#circuits.values()) yield opossum
  }

  *entries(): MapIterator<[string, OpossumBreaker]> {
    for (const [name, { opossum }] of this.#circuits) yield [name, opossum]
  }

  [Symbol.iterator](): MapIterator<[string, OpossumBreaker]> {
    return this.entries()
  }

  forEach(
    callback: (breaker: OpossumBreaker, name: string, circuits: ReadonlyMap<string, OpossumBreaker>) => void,
    thisArg?: unknown,
  ): void {
    for (const [name, breaker] of this) Reflect.apply(callback, thisArg, [breaker, name, this])
  }
}
