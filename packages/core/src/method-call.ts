import type { AbortSource } from './abort-source.ts'
import { CallAttempt } from './call-attempt.ts'
import type { CallLedger } from './call-ledger.ts'

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
    const method = this.#method
    return typeof method === 'string' ? method : String(method)
  }

  /** On the service itself, so that `this`, private fields and getters are its own. */
  override work(service: T): unknown {
    const target = asMethods(service)
    const method = this.#method
    const args = this.#args
    // The few arguments that most methods take are passed as they are; the list of them would cost more than the call.
    if (args.length === 0) return target[method]?.()
    if (args.length === 1) return target[method]?.(args[0])
    if (args.length === 2) return target[method]?.(args[0], args[1])
    return target[method]?.(...args)
  }

  override isPossibleOn(service: T): boolean {
    try {
      return typeof asMethods(service)[this.#method] === 'function'
    } catch {
      // A getter that throws: the work will find out, and the caller be told.
      return true
    }
  }
}

function asMethods(service: unknown): Partial<Record<string | symbol, (...args: unknown[]) => unknown>> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what is no method is not called: isPossibleOn
  return service as Partial<Record<string | symbol, (...args: unknown[]) => unknown>>
}
