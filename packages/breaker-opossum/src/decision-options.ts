import { InvalidOptionError } from '@svcproxy/core'

/**
 * opossum's own options, by which its rolling window opens the circuit. With any of them opossum decides when. Options
 * that are not given have opossum's defaults, except percentiles.
 */
export interface OpossumDecisionOptions {
  /**
   * The circuit opens at a failure when more than this percentage of the calls in the window have failed. opossum
   * divides the failures that ended in the window by the calls that began in it, including those in flight. A call that
   * its caller aborted, and an error for which `circuit.isFailure` returns false, are no failures.
   * @defaultValue 50  @throws {@link InvalidOptionError} when not in 0 … 100
   */
  readonly errorThresholdPercentage?: number
  /**
   * The length of the window, in milliseconds.
   * @defaultValue 10 000
   * @throws {@link InvalidOptionError} when not an integer in `rollingCountBuckets` … 2 147 483 647
   */
  readonly rollingCountTimeout?: number
  /**
   * The number of buckets of the window; one bucket at a time is dropped.
   * @defaultValue 10  @throws {@link InvalidOptionError} when not an integer in 1 … 1 000
   */
  readonly rollingCountBuckets?: number
  /**
   * The circuit does not open while the window has fewer calls. With 0, the very first call opens it if it fails.
   * @defaultValue 0  @throws {@link InvalidOptionError} when not an integer in 0 … 1 000 000
   */
  readonly volumeThreshold?: number
  /**
   * Whether failures do not open the circuit during the first `rollingCountTimeout` after the proxy was created.
   * @defaultValue false  @throws {@link InvalidOptionError} when not a boolean
   */
  readonly allowWarmUp?: boolean
  /**
   * Whether `stats` of the opossum breaker has the mean and the percentiles of the latencies. They decide nothing. If
   * set, each read of `stats` sorts all latencies of the window.
   * @defaultValue false: they are -1  @throws {@link InvalidOptionError} when not a boolean
   */
  readonly rollingPercentilesEnabled?: boolean
}

/** {@link OpossumDecisionOptions} with their defaults filled in and checked. */
export type DecisionOptions = Required<OpossumDecisionOptions>

const MAX_TIMER_MS = 2_147_483_647
const MAX_BUCKETS = 1_000
const MAX_CALLS = 1_000_000

const OWN_SIGNAL = 'pass on the signal that each operation gets, or callSignal()'
const NO_RESULTS = 'a proxy does not cache results; cache them in the service'
const NOT_MERGED = 'a proxy does not coalesce calls; coalesce them in the service'

/** Options of opossum that contradict the proxy, and what to set instead. */
const IN_PLACE_OF: ReadonlyMap<string, string> = new Map([
  ['timeout', 'set timeoutMs of the proxy'],
  ['resetTimeout', 'set circuit.recoveryTimeoutMs of the proxy'],
  ['errorFilter', 'set circuit.isFailure of the proxy, which returns false where errorFilter returns true'],
  ['capacity', 'set maxConcurrentCalls of the proxy'],
  ['maxFailures', 'set circuit.failureThreshold of the proxy'],
  ['enabled', "set circuit of the proxy: false for none, or { mode: 'observe' } for one that rejects nothing"],
  ['name', 'a breaker has the name of its service'],
  ['group', 'a breaker has the name of its service'],
  ['abortController', OWN_SIGNAL],
  ['autoRenewAbortController', OWN_SIGNAL],
  ['cache', NO_RESULTS],
  ['cacheTTL', NO_RESULTS],
  ['cacheSize', NO_RESULTS],
  ['cacheGetKey', NO_RESULTS],
  ['cacheTransport', NO_RESULTS],
  ['coalesce', NOT_MERGED],
  ['coalesceTTL', NOT_MERGED],
  ['coalesceSize', NOT_MERGED],
  ['coalesceResetOn', NOT_MERGED],
  ['enableSnapshots', 'read stats of the opossum breaker when they are needed'],
  ['rotateBucketController', "the window is turned by the proxy's clock"],
  ['state', 'pass the result of exportCircuit() to importCircuit() of the proxy'],
  ['status', 'each service has its own window, which starts empty'],
])

const NAMES: readonly string[] = [
  'errorThresholdPercentage',
  'rollingCountTimeout',
  'rollingCountBuckets',
  'volumeThreshold',
  'allowWarmUp',
  'rollingPercentilesEnabled',
]

/**
 * The options with their defaults, or undefined if none is given.
 * @throws {@link InvalidOptionError} naming the option, its bounds and the received value
 */
export function resolveDecision(options: OpossumDecisionOptions): DecisionOptions | undefined {
  checkNames(options)
  if (Object.values(options).every((given) => given === undefined)) return undefined
  const rollingCountBuckets = integer('rollingCountBuckets', options.rollingCountBuckets, [1, MAX_BUCKETS], 10)
  // A bucket lasts a millisecond or more.
  const windowBounds = [rollingCountBuckets, MAX_TIMER_MS] as const
  return {
    errorThresholdPercentage: percentage(options.errorThresholdPercentage),
    rollingCountTimeout: integer('rollingCountTimeout', options.rollingCountTimeout, windowBounds, 10_000),
    rollingCountBuckets,
    volumeThreshold: integer('volumeThreshold', options.volumeThreshold, [0, MAX_CALLS], 0),
    allowWarmUp: isOn('allowWarmUp', options.allowWarmUp),
    rollingPercentilesEnabled: isOn('rollingPercentilesEnabled', options.rollingPercentilesEnabled),
  }
}

function checkNames(options: unknown): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new InvalidOptionError('options', 'an object', options)
  }
  for (const [name, given] of Object.entries(options)) {
    const instead = IN_PLACE_OF.get(name)
    if (instead !== undefined && given !== undefined) throw new InvalidOptionError(name, `left out: ${instead}`, given)
    if (instead === undefined && !NAMES.includes(name)) {
      throw new InvalidOptionError('options', `an object with only ${NAMES.join(', ')}`, name)
    }
  }
}

function percentage(value: unknown = 50): number {
  if (typeof value === 'number' && value >= 0 && value <= 100) return value
  throw new InvalidOptionError('errorThresholdPercentage', 'a number in 0 … 100', value)
}

function integer(option: string, given: unknown, [min, max]: readonly [number, number], byDefault: number): number {
  const value = given === undefined ? byDefault : given
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value
  throw new InvalidOptionError(option, `an integer in ${min} … ${max}`, value)
}

function isOn(option: string, value: unknown = false): boolean {
  if (typeof value === 'boolean') return value
  throw new InvalidOptionError(option, 'a boolean', value)
}
