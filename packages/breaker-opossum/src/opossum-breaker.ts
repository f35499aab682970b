import type { BreakerFactory } from '@svcproxy/core'
import type { BreakerContext } from '@svcproxy/core/adapter'
import type OpossumBreaker from 'opossum'
import { BucketRotation } from './bucket-rotation.ts'
import { CircuitsByName } from './circuits-by-name.ts'
import { type Decision, DecidingCircuit } from './deciding-circuit.ts'
import { type OpossumDecisionOptions, resolveDecision } from './decision-options.ts'
import { Judge } from './judge.ts'
import type { LazyCircuit } from './lazy-circuit.ts'
import { MirroringCircuit } from './mirroring-circuit.ts'

/** A {@link BreakerFactory} that shows the opossum breakers it made. */
export interface OpossumBreakerFactory extends BreakerFactory {
  /**
   * The opossum breakers by service name: for their events and statistics, and for tools that are made for opossum. A
   * breaker can be looked up from the making of its proxy until the proxy is stopped. It is made by the first look or
   * the first call, and emits what happens from then on.
   */
  readonly circuits: ReadonlyMap<string, OpossumBreaker>
  /**
   * Whether opossum's rolling window opens the circuits: with any of {@link OpossumDecisionOptions}. Consecutive failures then
   * do not, unless the proxy's `circuit.failureThreshold` asks for it.
   */
  readonly decides: boolean
}

/**
 * Shows the circuit of a service as an opossum breaker: pass what it returns as `breaker`. opossum counts the calls and
 * emits its events. Without options the proxy's `circuit` decides everything; with any of opossum's own options its rolling
 * window decides when a closed circuit opens, and the proxy's `circuit` everything else. In both, the proxy runs the calls.
 *
 * One call of it serves a whole app: the breakers it makes share what they can.
 *
 * @param options what opossum decides by; none given: it decides nothing
 * @throws {@link InvalidOptionError} when an option is out of bounds, unknown, or one that the proxy has in its own way; it
 * names the option and says what to set
 */
export function opossumBreaker(options: OpossumDecisionOptions = {}): OpossumBreakerFactory {
  const decision = resolveDecision(options)
  const circuits = new Map<string, LazyCircuit>()
  const forget = (circuit: LazyCircuit): void => {
    // A proxy that was made again under the same name may have come before the end of the old one.
    if (circuits.get(circuit.name) === circuit) circuits.delete(circuit.name)
  }
  const make =
    decision === undefined ? mirroring(forget) : deciding({ options: decision, judge: new Judge(decision) }, forget)
  const create: BreakerFactory = (context) => {
    const circuit = make(context)
    circuits.set(context.name, circuit)
    return circuit
  }
  return Object.assign(create, { circuits: new CircuitsByName(circuits), decides: decision !== undefined })
}

type Make = (context: BreakerContext) => LazyCircuit
type OnDispose = (circuit: LazyCircuit) => void

function mirroring(onDispose: OnDispose): Make {
  const rotation = new BucketRotation()
  return (context) => new MirroringCircuit(context, rotation, onDispose)
}

function deciding(decision: Decision, onDispose: OnDispose): Make {
  return (context) => new DecidingCircuit(context, decision, onDispose)
}
