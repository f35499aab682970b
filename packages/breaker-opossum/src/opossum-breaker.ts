import type { BreakerFactory } from '@svcproxy/core'
import type OpossumBreaker from 'opossum'
import { BucketRotation } from './bucket-rotation.ts'
import { CircuitsByName } from './circuits-by-name.ts'
import { LazyCircuit } from './lazy-circuit.ts'

/** A {@link BreakerFactory} that shows the opossum breakers it made. */
export interface OpossumBreakerFactory extends BreakerFactory {
  /**
   * The opossum breakers by service name: for their events and statistics, and for tools that are made for opossum. A
   * breaker can be looked up from the making of its proxy until the proxy is stopped. It is made by the first look or
   * the first call, and emits what happens from then on.
   */
  readonly circuits: ReadonlyMap<string, OpossumBreaker>
}

/**
 * Shows the circuit of a service as an opossum breaker: pass what it returns as `breaker`. The circuit's policy decides
 * and runs the calls; opossum counts them and emits its events.
 *
 * One call of it serves a whole app: the breakers it makes share one timer.
 */
export function opossumBreaker(): OpossumBreakerFactory {
  const circuits = new Map<string, LazyCircuit>()
  const rotation = new BucketRotation()
  const forget = (circuit: LazyCircuit): void => {
    // A proxy that was made again under the same name may have come before the end of the old one.
    if (circuits.get(circuit.name) === circuit) circuits.delete(circuit.name)
  }
  const create: BreakerFactory = (context) => {
    const circuit = new LazyCircuit(context, rotation, forget)
    circuits.set(context.name, circuit)
    return circuit
  }
  return Object.assign(create, { circuits: new CircuitsByName(circuits) })
}
