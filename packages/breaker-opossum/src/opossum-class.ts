import CircuitBreaker from 'opossum'

type Overridden =
  | 'addListener'
  | 'call'
  | 'close'
  | 'closed'
  | 'disable'
  | 'emit'
  | 'enable'
  | 'fallback'
  | 'fire'
  | 'halfOpen'
  | 'healthCheck'
  | 'on'
  | 'once'
  | 'open'
  | 'opened'
  | 'prependListener'
  | 'prependOnceListener'
  | 'shutdown'
  | 'stats'
  | 'status'
  | 'warmUp'

/**
 * opossum's class as its subclass uses it. `@types/opossum` declares its accessors as fields, which TypeScript does not
 * allow a subclass to override; those of an interface may be overridden.
 */
export interface Opossum extends Omit<CircuitBreaker, Overridden> {
  readonly closed: boolean
  readonly opened: boolean
  readonly halfOpen: boolean
  readonly stats: CircuitBreaker.Stats
  readonly status: CircuitBreaker.Status & { open?(): void }
  readonly warmUp: boolean
  call(context: unknown, ...args: unknown[]): Promise<unknown>
  fire(...args: unknown[]): Promise<unknown>
  open(): void
  close(): void
  enable(): void
  disable(): void
  shutdown(): void
  fallback(func: unknown): this
  healthCheck(func: unknown, interval?: number): void
  emit(event: string | symbol, ...args: unknown[]): boolean
  addListener(event: string | symbol, listener: Listener): this
  on(event: string | symbol, listener: Listener): this
  once(event: string | symbol, listener: Listener): this
  prependListener(event: string | symbol, listener: Listener): this
  prependOnceListener(event: string | symbol, listener: Listener): this
}

export type Listener = Parameters<CircuitBreaker['addListener']>[1]

export const Opossum: new (
  action: (...args: unknown[]) => Promise<unknown>,
  options: CircuitBreaker.Options,
) => Opossum = CircuitBreaker
