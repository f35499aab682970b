import type { AbortSource } from '../attempts/abort-source.ts'
import { CallAttempt } from '../calls/call-attempt.ts'
import type { CallLedger } from '../calls/call-ledger.ts'
import type { Member } from './member.ts'
import { notAMethod, unfinishedBuilder, unguardedClient } from './misuse.ts'
import { answerUnfinished, isBuilder, isPooledClient, mayCheckOut } from './unguardable.ts'

/** A call of one of the service's methods, made through the facade. */
export class MethodCall<T> extends CallAttempt<T, unknown> {
  readonly #member: Member
  readonly #args: readonly unknown[]
  /** What its caller got, of a call that waits for its instance. */
  declare answer?: Promise<unknown>
  declare unfinished?: TypeError

  constructor(ledger: CallLedger<T>, signal: AbortSource | undefined, member: Member, args: readonly unknown[]) {
    super(ledger, signal)
    this.#member = member
    this.#args = args
  }

  override get method(): string {
    return this.#member.path
  }

  /** On the service itself, so that `this`, private fields and getters are its own. */
  override work(service: T): unknown {
    const result = this.#call(service)
    if (typeof result !== 'object' || result === null) return result
    if (result instanceof Promise)
      return mayCheckOut(this.#member.key) ? result.then((it) => this.#guardable(it)) : result
    if (!isBuilder(result)) return result
    this.unfinished = unfinishedBuilder(this.serviceName, this.method)
    if (this.answer !== undefined) answerUnfinished(this.answer, this.unfinished)
    throw this.unfinished
  }

  /** What its caller gets. One that goes on to finish a builder is told at once. */
  answered(answer: Promise<unknown>): Promise<unknown> {
    if (this.unfinished !== undefined) answerUnfinished(answer, this.unfinished)
    else if (!this.hasBegun) this.answer = answer
    return answer
  }

  override misuseOf(service: T): TypeError | undefined {
    let found: unknown
    try {
      found = this.#member.valueIn(service)
    } catch {
      // A getter that throws: the work will find out, and the caller be told.
      return undefined
    }
    return typeof found === 'function' ? undefined : notAMethod(this.serviceName, this.#member, found)
  }

  #call(service: T): unknown {
    const member = this.#member
    const args = this.#args
    if (member.isService) return callFunction(service, args)
    const owner = asMethods(member.ownerIn(service))
    const method = member.key
    // The few arguments that most methods take are passed as they are; the list of them would cost more than the call.
    if (args.length === 0) return owner[method]?.()
    if (args.length === 1) return owner[method]?.(args[0])
    if (args.length === 2) return owner[method]?.(args[0], args[1])
    return owner[method]?.(...args)
  }

  #guardable(result: unknown): unknown {
    if (!isPooledClient(result)) return result
    result.release()
    throw unguardedClient(this.serviceName, this.method)
  }
}

function asMethods(owner: unknown): Partial<Record<string | symbol, (...args: unknown[]) => unknown>> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what is no method is not called: misuseOf
  return owner as Partial<Record<string | symbol, (...args: unknown[]) => unknown>>
}

function callFunction(service: unknown, args: readonly unknown[]): unknown {
  return typeof service === 'function' ? Reflect.apply(service, undefined, args) : undefined
}
