import type { AbortSource } from './abort-source.ts'
import { CallAttempt } from './call-attempt.ts'
import type { CallLedger } from './call-attempt.ts'

/** A call of one of the service's methods, made through the facade. */
export class MethodCall<T> extends CallAttempt<T, unknown> {
  readonly #method: string | symbol
  readonly #args: readonly unknown[]

  constructor(
    ledger: CallLedger<T>,
    signal: AbortSource | undefined,
    method: string | symbol,
    args: readonly unknown[],
  ) {
    super(ledger, signal)
    this.#method = method
    this.#args = args
  }

  override get method(): string {
    return String(this.#method)
  }

  /** On the service itself, so that `this`, private fields and getters are its own. */
  override work(service: T): unknown {
    const found = methodOf(service, this.#method)
    return typeof found === 'function' ? (Reflect.apply(found, service, this.#args) as unknown) : undefined
  }

  override isPossibleOn(service: T): boolean {
    try {
      return typeof methodOf(service, this.#method) === 'function'
    } catch {
      // A getter that throws: the work will find out, and the caller be told.
      return true
    }
  }
}

function methodOf(service: unknown, method: string | symbol): unknown {
  if (service === undefined || service === null) return undefined
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a load by key, which the compiler makes fast
  return (service as Record<string | symbol, unknown>)[method]
}
