import { InvalidOptionError } from '@svcproxy/core'
import type { FleetStore } from './store.ts'

/**
 * What happens to cached instances while this process is disconnected from its fleet: see
 * {@link FleetOptions.whileDisconnected}.
 */
export type WhileDisconnected = 'keep' | 'shorten' | 'bypass'

/** Options of {@link joinFleet}. `M` maps the names of the manager's services to their types. */
export interface FleetOptions<M> {
  /**
   * The store for the shared state, for example `redisStore({ … })`. Each fleet needs its own: it is closed with the
   * fleet.
   */
  readonly store: FleetStore
  /** The name of the fleet: processes with the same store and namespace form one. 1 … 64 letters, digits, or . : _ - */
  readonly namespace: string
  /**
   * The services whose circuits the fleet shares. Each needs a circuit.
   * @defaultValue none: each process has its own circuits
   * @throws {@link InvalidOptionError} for an unknown service, and for one without a circuit
   */
  readonly circuits?: readonly (keyof M & string)[]
  /** The name of this process for people; at most 64 characters. @defaultValue its host and its process id */
  readonly label?: string
  /**
   * What happens to cached instances while the store cannot be reached, so that this process does not hear of
   * invalidations. `keep`: they are served as long as usual. `shorten`: at most 30 s. `bypass`: none is served twice.
   * Security services are always bypassed.
   * @defaultValue `shorten`
   */
  readonly whileDisconnected?: WhileDisconnected
  /**
   * How long {@link joinFleet} waits for the store, in milliseconds; after that the process starts without it.
   * @defaultValue 2 000  @throws {@link InvalidOptionError} when not in 0 … 60 000
   */
  readonly joinTimeoutMs?: number
  /** Returns random numbers in 0 … 1, so that the members do not act all at once. @defaultValue Math.random */
  readonly random?: () => number
}

/** {@link FleetOptions} with defaults filled in and bounds checked. */
export interface ResolvedFleetOptions {
  readonly store: FleetStore
  readonly namespace: string
  readonly circuits: readonly string[]
  readonly label: string | undefined
  readonly whileDisconnected: WhileDisconnected
  readonly joinTimeoutMs: number
  readonly random: () => number
}

const NAMES = ['store', 'namespace', 'circuits', 'label', 'whileDisconnected', 'joinTimeoutMs', 'random']
const POLICIES: readonly unknown[] = ['keep', 'shorten', 'bypass']
const NAMESPACE = /^[\w.:-]{1,64}$/

/** @throws {@link InvalidOptionError} */
export function resolveFleetOptions<M>(options: FleetOptions<M>): ResolvedFleetOptions {
  if (typeof options !== 'object' || options === null) throw new InvalidOptionError('options', 'an object', options)
  for (const name of Object.keys(options)) {
    if (!NAMES.includes(name)) throw new InvalidOptionError('options', `an object with only ${NAMES.join(', ')}`, name)
  }
  const resolved = withDefaults(options)
  const { store, namespace, circuits, label, whileDisconnected, joinTimeoutMs, random } = resolved
  check('store', 'a FleetStore', store, typeof store?.open === 'function')
  check('namespace', 'of 1 … 64 letters, digits, or . : _ -', namespace, NAMESPACE.test(namespace ?? ''))
  check('circuits', 'an array of service names', circuits, Array.isArray(circuits))
  check('label', 'a string of at most 64 characters', label, isLabel(label))
  check('whileDisconnected', "'keep', 'shorten' or 'bypass'", whileDisconnected, POLICIES.includes(whileDisconnected))
  check('joinTimeoutMs', 'a number in 0 … 60000', joinTimeoutMs, joinTimeoutMs >= 0 && joinTimeoutMs <= 60_000)
  check('random', 'a function', random, typeof random === 'function')
  return resolved
}

function withDefaults<M>(options: FleetOptions<M>): ResolvedFleetOptions {
  const { circuits = [], label, whileDisconnected = 'shorten', joinTimeoutMs = 2_000, random = Math.random } = options
  return { ...options, circuits, label, whileDisconnected, joinTimeoutMs, random }
}

function isLabel(label: unknown): boolean {
  return label === undefined || (typeof label === 'string' && label.length <= 64)
}

function check(option: string, expected: string, given: unknown, isAccepted: boolean): void {
  if (!isAccepted) throw new InvalidOptionError(option, expected, given)
}
