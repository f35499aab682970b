import { isSvcproxyError } from '@svcproxy/core'
import type { ManagedProxy } from './managed-services.ts'
import type { ManagementOptions } from './options.ts'
import type { ErrorView, FailureView } from './snapshot.ts'

const MAX_MESSAGE = 500
/** The characters of class names and error codes. Anything else is text, which may contain secrets. */
const WORD = /^[\w$.:-]{1,100}$/

type Failure = Omit<FailureView, 'at'>

/** Errors as operators may see them; each error is redacted once. */
export class FailureViews {
  readonly #redact: ManagementOptions['redact']
  readonly #made = new WeakMap<ManagedProxy, { readonly error: unknown; readonly view: Failure }>()

  constructor(redact: ManagementOptions['redact']) {
    this.#redact = redact
  }

  of(proxy: ManagedProxy, error: unknown): Failure {
    const made = this.#made.get(proxy)
    if (made !== undefined && Object.is(made.error, error)) return made.view
    const cause = attempt(() => (error instanceof Error && error.cause instanceof Error ? error.cause : undefined))
    const view = { ...this.#view(proxy.name, error), cause: cause === undefined ? null : this.#view(proxy.name, cause) }
    this.#made.set(proxy, { error, view })
    return view
  }

  #view(service: string, error: unknown): ErrorView {
    return { ...errorView(error), message: attempt(() => this.#messageOf(service, error)) ?? null }
  }

  #messageOf(service: string, error: unknown): string | undefined {
    const message: unknown = isSvcproxyError(error) ? error.message : this.#redact?.(error, service)
    return typeof message === 'string' ? message.slice(0, MAX_MESSAGE) : undefined
  }
}

/** An error that belongs to no service: its message is withheld. */
export function errorView(error: unknown): ErrorView {
  return {
    name: attempt(() => word(error instanceof Error ? error.name : typeof error)) ?? 'Error',
    code: attempt(() => word(codeOf(error))) ?? null,
    message: null,
  }
}

function codeOf(error: unknown): unknown {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'number' ? String(error.code) : error.code
}

function word(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  const bounded = value.slice(0, 100)
  return WORD.test(bounded) ? bounded : undefined
}

/** A service may throw anything, even something that throws when it is inspected. */
function attempt<V>(read: () => V | undefined): V | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
