import type { AbortSource } from '../attempts/abort-source.ts'
import { CallAttempt } from '../calls/call-attempt.ts'
import type { CallLedger } from '../calls/call-ledger.ts'
import { memberOf } from './facades.ts'
import { expectHint, hint } from './hints.ts'
import { isObject } from '../is-object.ts'
import type { ResolvedMethodPolicy } from '../options/method-policies.ts'
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
  /** The method and its owner: both are looked up once. */
  #owner: unknown
  #method: Method | undefined
  /** The promise that its caller got, if the call waits for its instance. */
  declare answer?: Promise<unknown>
  /** Set if the client's answer has more than a promise has: the error for callers that use it. */
  declare more?: { readonly error: TypeError; readonly of?: object }

  constructor(ledger: CallLedger<T>, signal: AbortSource | undefined, member: Member, args: readonly unknown[]) {
    super(ledger, signal)
    this.#member = member
    this.#args = args
    const { methods } = ledger.context.settings.calls
    if (methods !== undefined) this.#heed(methods.policyOf(member.path))
  }

  #heed(policy: ResolvedMethodPolicy | undefined): void {
    if (policy === undefined) return
    if (policy.timeoutMs !== undefined) this.timeoutMs = policy.timeoutMs
    if (policy.isFailure !== undefined) this.isFailure = policy.isFailure
    if (policy.retry !== undefined) this.retry = policy.retry
  }

  override get method(): string {
    return this.#member.path
  }

  protected override repeated(ledger: CallLedger<T>): MethodCall<T> {
    const next = new MethodCall(ledger, this.signal, this.#member, this.#args)
    if (this.answer !== undefined) next.answer = this.answer
    return next
  }

  /** On the service itself, so that `this`, private fields and getters work. */
  override work(service: T): unknown {
    const result = this.#call(service)
    // What almost every method returns.
    return isPlainPromise(result) && !this.#member.mayCheckOut ? result : this.#guarded(result)
  }

  /** The promise for its caller. A caller that uses more than a promise has gets an error at once. */
  answered(answer: Promise<unknown>): Promise<unknown> {
    if (this.more !== undefined) hint(answer, this.more.error, this.more.of)
    else if (!this.hasBegun) {
      this.answer = answer
      expectHint(answer)
    }
    return answer
  }

  override misuseOf(service: T): TypeError | undefined {
    let found: unknown
    try {
      found = this.#find(service)
    } catch {
      // A getter that throws: the work will throw as well, and the caller gets that error.
      return undefined
    }
    return this.#method === undefined ? notAMethod(this.serviceName, this.#member, found) : undefined
  }

  #find(service: T): unknown {
    const member = this.#member
    this.#method = undefined
    const owner = (this.#owner = member.ownerIn(service))
    const found = member.isService ? service : membersOf(owner)[member.key]
    if (isMethod(found)) this.#method = found
    return found
  }

  #call(service: T): unknown {
    const args = this.#argsFor(service)
    if (this.#method === undefined) this.#find(service)
    const method = this.#method
    const owner = this.#owner
    // Few arguments, as most methods take, are passed one by one; a spread list would cost more than the call.
    if (args.length === 0) return method?.call(owner)
    if (args.length === 1) return method?.call(owner, args[0])
    if (args.length === 2) return method?.call(owner, args[0], args[1])
    return method === undefined ? undefined : Reflect.apply(method, owner, args)
  }

  /** Replaces facades of the same service by the real object: octokit's `paginate` takes a method. */
  #argsFor(service: T): readonly unknown[] {
    const args = this.#args
    if (!hasObject(args)) return args
    if (args.length > 1 && hasPromiseInTemplate(args)) {
      // Nobody else handles it, and it may be a rejection.
      for (const part of args) if (part instanceof Promise) part.catch(() => undefined)
      throw promiseInTemplate(this.serviceName, this.method)
    }
    return args.map((arg) => {
      const member = memberOf(arg)
      return member?.isBeside(this.#member) === true ? member.valueIn(service) : arg
    })
  }

  #guarded(result: unknown): unknown {
    if (typeof result !== 'object' || result === null) return result
    if (result instanceof Promise) return this.#promised(result)
    if (isBuilder(result)) throw this.#unfinished()
    return isThenable(result) ? this.#promised(adopted(result, () => this.#unfinished())) : result
  }

  #promised(result: Promise<unknown>): Promise<unknown> {
    if (!isPlainPromise(result)) {
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

type Method = (this: unknown, ...args: readonly unknown[]) => unknown

function isMethod(found: unknown): found is Method {
  return typeof found === 'function'
}

function hasObject(args: readonly unknown[]): boolean {
  for (const arg of args) if (isObject(arg)) return true
  return false
}

function isPlainPromise(result: unknown): boolean {
  return typeof result === 'object' && result !== null && result.constructor === Promise
}
