/** Where the records come from. */
type Backend = 'http' | 'postgres'

/**
 * What a client does with an answer that does not come. `cancels`: it heeds the signal of its call. `lingers`: it does
 * not, and fails by its own time-out. `never settles`: it does not, and its promise never settles.
 */
export type Manner = 'cancels' | 'lingers' | 'never settles'

/** What a client has to know of whom it works for. */
export type ClientOptions = Pick<Kind, 'name' | 'manner'>

/** One proxy of the soak: what it is made of and who calls it. */
export interface Kind {
  readonly name: string
  readonly backend: Backend
  readonly breaker: 'native' | 'opossum' | 'none'
  readonly manner: Manner
  /** `code`: calls its facade. The others: browsers, through a binding, and they leave by hanging up. */
  readonly callers: 'code' | 'express' | 'koa'
  /**
   * What becomes of an instance. `checked`: at the end of a short TTL it is checked, and kept if it is well. `replaced`:
   * there is no health check, so at the end of a short TTL another one is made. `kept`: no check either, and a long TTL.
   */
  readonly renewal: 'checked' | 'replaced' | 'kept'
  /** Whether its health is checked in the background. */
  readonly monitored: boolean
  /** @defaultValue 0 */
  readonly staleWhileRevalidateMs?: number
}

const DEFAULTS = { backend: 'http', callers: 'code', renewal: 'checked', monitored: false } as const

/** Every breaker with every manner. What is kept has a circuit: nothing else would notice that it is broken. */
export const KINDS: readonly Kind[] = (
  [
    { ...DEFAULTS, breaker: 'native', manner: 'cancels', monitored: true },
    { ...DEFAULTS, breaker: 'native', manner: 'lingers', renewal: 'replaced' },
    { ...DEFAULTS, breaker: 'native', manner: 'never settles', renewal: 'kept' },
    { ...DEFAULTS, breaker: 'opossum', manner: 'cancels', renewal: 'kept' },
    { ...DEFAULTS, breaker: 'opossum', manner: 'lingers', staleWhileRevalidateMs: 300 },
    { ...DEFAULTS, breaker: 'opossum', manner: 'never settles', monitored: true },
    { ...DEFAULTS, breaker: 'none', manner: 'cancels' },
    { ...DEFAULTS, breaker: 'none', manner: 'lingers', monitored: true },
    { ...DEFAULTS, breaker: 'none', manner: 'never settles', renewal: 'replaced' },
    { ...DEFAULTS, breaker: 'native', manner: 'cancels', callers: 'express' },
    { ...DEFAULTS, breaker: 'opossum', manner: 'cancels', callers: 'koa', renewal: 'replaced' },
    { ...DEFAULTS, backend: 'postgres', breaker: 'native', manner: 'cancels', staleWhileRevalidateMs: 300 },
    { ...DEFAULTS, backend: 'postgres', breaker: 'opossum', manner: 'lingers', monitored: true },
    { ...DEFAULTS, backend: 'postgres', breaker: 'none', manner: 'cancels', monitored: true },
    { ...DEFAULTS, backend: 'postgres', breaker: 'none', manner: 'lingers' },
  ] satisfies readonly Omit<Kind, 'name'>[]
).map((kind) => ({ ...kind, name: nameOf(kind) }))

function nameOf({ backend, breaker, manner, callers }: Omit<Kind, 'name'>): string {
  const where = callers === 'code' ? backend : callers
  return `${where}, ${breaker === 'none' ? 'no circuit' : breaker}, ${manner}`
}
