import type { BreakerContext } from '@svcproxy/core/adapter'
import { type BucketRotation, Buckets } from './bucket-rotation.ts'
import { LazyCircuit } from './lazy-circuit.ts'
import type { MirroredCircuit } from './mirrored-circuit.ts'

/** opossum shows what the circuit has decided. */
export class MirroringCircuit extends LazyCircuit {
  readonly #rotation: BucketRotation

  constructor(context: BreakerContext, rotation: BucketRotation, onDispose: (circuit: LazyCircuit) => void) {
    super(context, onDispose)
    this.#rotation = rotation
  }

  protected override makeWindow(): Buckets {
    return new Buckets(this.#rotation)
  }

  protected override get announcer(): MirroredCircuit {
    return this.opossum
  }
}
