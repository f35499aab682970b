import type { AbortSource } from '../attempts/abort-source.ts'
import { CallAttempt } from '../calls/call-attempt.ts'
import type { CallLedger } from '../calls/call-ledger.ts'
import { memberOf } from './guarded-service.ts'
import { expectHint, hint } from './hints.ts'
import { membersOf } from './member.ts'
import type { Member } from './member.ts'
import {
  notAMethod,
  onlyAPromise,
  openTransaction,
  promiseInTemplate,
  unfinishedBuilder,
  unguardedClient,
} from './misuse.ts'
import { adopted, hasPromiseInTemplate, isBuilder, isPooledClient, isThenable, isTransaction } from './unguardable.ts'

/** A call of one of the service's methods, made through the facade. */
export class MethodCall<T> extends CallAttempt<T, unknown> {
  readonly #member: Member
  readonly #args: readonly unknown[]
  /** What the method is called on: found when it is looked for, so that the path to it is walked once. */
  #owner: unknown
  /** What its caller got, of a call that waits for its instance. */
  declare answer?: Promise<unknown>
  /** What the client answered with, where that has more than a promise has; and what to say of it. */
  declare more?: { readonly error: TypeError; readonly of?: object }

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
    // What almost every method returns.
    if (Object.getPrototypeOf(result) === Promise.prototype && !this.#member.mayCheckOut) return result
    if (result instanceof Promise) return this.#promised(result)
    if (isBuilder(result)) throw this.#unfinished()
    return isThenable(result) ? this.#promised(adopted(result, () => this.#unfinished())) : result
  }

  /** What its caller gets. One that asks it for more than a promise has is told at once. */
  answered(answer: Promise<unknown>): Promise<unknown> {
    if (this.more !== undefined) hint(answer, this.more.error, this.more.of)
    else if (!this.hasBegun) {
      this.answer = answer
      expectHint(answer)
    }
    return answer
  }

  override misuseOf(service: T): TypeError | undefined {
    const member = this.#member
    let found: unknown
    try {
      this.#owner = member.ownerIn(service)
      found = member.isService ? service : membersOf(this.#owner)[member.key]
    } catch {
      // A getter that throws: the work will find out, and the caller be told.
      return undefined
    }
    return typeof found === 'function' ? undefined : notAMethod(this.serviceName, member, found)
  }

  #call(service: T): unknown {
    const member = this.#member
    const args = this.#argsFor(service)
    if (member.isService) return callFunction(service, args)
    const owner = asMethods(this.#owner ?? member.ownerIn(service))
    const method = member.key
    // The few arguments that most methods take are passed as they are; the list of them would cost more than the call.
    if (args.length === 0) return owner[method]?.()
    if (args.length === 1) return owner[method]?.(args[0])
    if (args.length === 2) return owner[method]?.(args[0], args[1])
    return owner[method]?.(...args)
  }

  /** A facade of the same service that is given to it is the thing itself again: octokit's `paginate` takes a method. */
  #argsFor(service: T): readonly unknown[] {
    const args = this.#args
    if (args.length > 1 && hasPromiseInTemplate(args)) {
      // Nobody else will: it may be a refusal itself.
      for (const part of args) if (part instanceof Promise) part.catch(() => undefined)
      throw promiseInTemplate(this.serviceName, this.method)
    }
    if (!hasFunction(args)) return args
    return args.map((arg) => {
      const member = memberOf(arg)
      return member?.isBeside(this.#member) === true ? member.valueIn(service) : arg
    })
  }

  #promised(result: Promise<unknown>): Promise<unknown> {
    if (Object.getPrototypeOf(result) !== Promise.prototype) {
      this.#hasMore({ error: onlyAPromise(this.serviceName, this.method), of: result })
    }
    return this.#member.mayCheckOut ? result.then((it) => this.#guardable(it)) : result
  }

  #unfinished(): TypeError {
    const error = unfinishedBuilder(this.serviceName, this.method)
    this.#hasMore({ error })
    return error
  }

  #hasMore(more: { readonly error: TypeError; readonly of?: object }): void {
    this.more = more
    if (this.answer !== undefined) hint(this.answer, more.error, more.of)
  }

  async #guardable(result: unknown): Promise<unknown> {
    if (isPooledClient(result)) {
      await result.release()
      throw unguardedClient(this.serviceName, this.method)
    }
    if (isTransaction(result)) {
      await result.rollback()
      throw openTransaction(this.serviceName, this.method)
    }
    return result
  }
}

function asMethods(owner: unknown): Partial<Record<string | symbol, (...args: unknown[]) => unknown>> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what is no method is not called: misuseOf
  return owner as Partial<Record<string | symbol, (...args: unknown[]) => unknown>>
}

function hasFunction(args: readonly unknown[]): boolean {
  for (const arg of args) if (typeof arg === 'function') return true
  return false
}

function callFunction(service: unknown, args: readonly unknown[]): unknown {
  return typeof service === 'function' ? Reflect.apply(service, undefined, args) : undefined
}
