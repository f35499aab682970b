import type { BreakerContext, BreakerFactory, CircuitBreaker } from '@svcproxy/core'
import type OpossumBreaker from 'opossum'
import { BucketRotation } from './bucket-rotation.ts'
import { OpossumAttempt } from './opossum-attempt.ts'
import { SteeredCircuit } from './steered-circuit.ts'

/** A {@link BreakerFactory} that shows the opossum breakers it made. */
export interface OpossumBreakerFactory extends BreakerFactory {
  /**
   * The opossum breakers by service name: for their events and statistics, and for tools that are made for opossum. A
   * breaker is there from the making of its proxy until the proxy is stopped.
   */
  readonly circuits: ReadonlyMap<string, OpossumBreaker>
}

/**
 * Runs the calls of a service through opossum: pass what it returns as `breaker`. The circuit's policy decides; opossum
 * executes, counts and emits its events.
 *
 * One call of it serves a whole app: the breakers it makes share one timer.
 */
export function opossumBreaker(): OpossumBreakerFactory {
  const circuits = new Map<string, SteeredCircuit>()
  const rotation = new BucketRotation()
  const create = (context: BreakerContext): CircuitBreaker => {
    const circuit = new SteeredCircuit(context, rotation)
    rotation.join()
    circuits.set(context.name, circuit)
    return breakerOver(circuit, context, () => {
      rotation.leave()
      // A proxy that was made again under the same name may have come before the end of the old one.
      if (circuits.get(context.name) === circuit) circuits.delete(context.name)
    })
  }
  return Object.assign(create, { circuits })
}

function breakerOver(circuit: SteeredCircuit, context: BreakerContext, onDispose: () => void): CircuitBreaker {
  return {
    execute(attempt) {
      const admission = context.admit(attempt.startedAt)
      if (admission !== undefined) return circuit.admit(new OpossumAttempt(context, attempt, admission, circuit))
      circuit.refuse()
      return Promise.reject(context.refuse(attempt))
    },
    transitioned: (transition) => circuit.show(transition),
    dispose() {
      circuit.dispose()
      onDispose()
    },
  }
}
