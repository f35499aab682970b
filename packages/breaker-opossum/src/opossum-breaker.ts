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

/** A {@link BreakerFactory} with access to the opossum breakers that it has created. */
export interface OpossumBreakerFactory extends BreakerFactory {
  /**
   * The opossum breakers by service name, for their events and statistics and for tools made for opossum. A breaker is
   * available from the creation of its proxy until the proxy is stopped. It is created when it is first read or first
   * called, and emits what happens from then on.
   */
  readonly circuits: ReadonlyMap<string, OpossumBreaker>
  /**
   * Whether opossum's rolling window opens the circuits: true with any of {@link OpossumDecisionOptions}. Consecutive
   * failures then open a circuit only if the proxy sets `circuit.failureThreshold`.
   */
  readonly decides: boolean
}

/**
 * Runs the circuit of each service as an opossum breaker: pass the result as `breaker`. opossum counts the calls and
 * emits its events. Without options the proxy's `circuit` decides everything. With any of opossum's own options, its
 * rolling window decides when a closed circuit opens, and the proxy's `circuit` decides the rest. The proxy runs the
 * calls in both cases.
 *
 * Call it once per application: the breakers of one factory share what they can.
 *
 * @param options opossum's decision options; without any, opossum decides nothing
 * @throws {@link InvalidOptionError} when an option is out of bounds, unknown, or an option of opossum that the proxy
 * replaces; the message names the option and says what to set instead
 */
export function opossumBreaker(options: OpossumDecisionOptions = {}): OpossumBreakerFactory {
  const decision = resolveDecision(options)
  const circuits = new Map<string, LazyCircuit>()
  const forget = (circuit: LazyCircuit): void => {
    // A new proxy of the same name may have been created before the old one was disposed.
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
