import { plainBreaker } from '@svcproxy/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  appStateProvider,
  compositeProvider,
  factoryProvider,
  InvalidOptionError,
  registryProvider,
  ServiceProxy,
  ServiceProxyManager,
  ServiceRegistry,
  UnknownServiceError,
} from './index.ts'
import { resolveCircuitPolicy } from './adapter.ts'
import type { CircuitSnapshot, Logger } from './index.ts'

const provider = factoryProvider('service', { create: () => 'service' })

function make(options: object): ServiceProxy<unknown> {
  return new ServiceProxy<unknown>('service', { provider, breaker: plainBreaker, ...options })
}

function errorOf(action: () => void): unknown {
  try {
    action()
    return undefined
  } catch (error) {
    return error
  }
}

/** What each numeric option accepts. */
const DURATIONS = ['cacheTtlMs', 'staleWhileRevalidateMs', 'staleIfErrorMs']
const TIMERS = ['backoffInitialMs', 'backoffMaxMs', 'disposeGraceMs', 'healthIntervalMs']
const POLICY_COUNTS = ['failureThreshold', 'successThreshold', 'maxTrials']
const POLICY_TIMES = ['recoveryTimeoutMs']
const NO_NUMBERS = [NaN, -1, -Infinity, '5', null, true, {}, [], () => 1, 5n]

describe('an option out of bounds is an error at construction, which names the option, the bounds and the value', () => {
  test.for([...DURATIONS, ...TIMERS, 'cacheTtlJitterRatio', 'timeoutMs', 'fallbackTimeoutMs', 'maxConcurrentCalls'])(
    '%s',
    (option) => {
      for (const value of NO_NUMBERS) {
        expect(() => make({ [option]: value })).toThrow(InvalidOptionError)
        expect(() => make({ [option]: value })).toThrow(
          new RegExp(`^${option} must be a number in \\d+ … \\S+; received `),
        )
      }
    },
  )

  test.for([...POLICY_COUNTS, ...POLICY_TIMES])('circuit.%s', (option) => {
    for (const value of [...NO_NUMBERS, 0, option === 'failureThreshold' ? -Infinity : Infinity]) {
      expect(() => resolveCircuitPolicy({ [option]: value })).toThrow(InvalidOptionError)
      expect(() => make({ circuit: { [option]: value } })).toThrow(`circuit.${option} must be`)
    }
  })

  test('renew, which is a word and needs a health check to judge by', () => {
    const create = (): number => 1
    for (const renew of ['keep', '', null, true, 1]) {
      const made = errorOf(() => factoryProvider('service', { create, renew: renew as 'check' }))
      expect(made).toBeInstanceOf(InvalidOptionError)
      expect(made).toHaveProperty('message', expect.stringContaining("renew must be 'check' or 'replace'; received "))
      expect(() => make({ provider: { ...provider, renew } })).toThrow("provider.renew must be 'check' or 'replace'")
    }
    expect(() => factoryProvider('service', { create, renew: 'check' })).toThrow('there is no checkHealth to judge by')
  })

  test('a fraction is no count', () => {
    for (const option of POLICY_COUNTS) expect(() => resolveCircuitPolicy({ [option]: 1.5 })).toThrow('an integer in 1')
  })

  test('the ends of the bounds are accepted', () => {
    for (const option of DURATIONS) for (const value of [0, Infinity]) make({ [option]: value })
    for (const option of TIMERS) for (const value of [0, 2_147_483_647]) void make({ [option]: value }).stop()
    for (const option of POLICY_COUNTS) for (const value of [1, 1_000_000]) make({ circuit: { [option]: value } })
    for (const option of POLICY_TIMES) for (const value of [1, 2_147_483_647]) make({ circuit: { [option]: value } })
    for (const value of [0, 1]) make({ cacheTtlJitterRatio: value })
    expect(() => make({ disposeGraceMs: 2_147_483_648 })).toThrow('in 0 … 2147483647; received 2147483648')
    expect(() => make({ cacheTtlJitterRatio: 1.01 })).toThrow('in 0 … 1; received 1.01')
  })

  test.for([
    ['critical', 'yes', 'a boolean'],
    ['security', 1, 'a boolean'],
    ['fallback', {}, 'a function'],
    ['breaker', {}, 'a function'],
    ['random', 4, 'a function'],
    ['clock', {}, 'a Clock'],
    ['logger', {}, 'a function'],
    ['logger', null, 'a function'],
    ['logger', 'console', 'a function'],
    ['logger', { info: Math.random }, 'a function'],
    ['logger', { info: Math.random, warn: 'yes' }, 'a function'],
    ['provider', undefined, 'a ServiceProvider'],
    ['provider', {}, 'a function'],
  ] as const)('%s: %j', ([option, value, expected]) => {
    expect(() => make({ [option]: value })).toThrow(InvalidOptionError)
    expect(() => make({ [option]: value })).toThrow(`must be ${expected}; received`)
  })

  test('a logger is told which of its methods is missing', () => {
    const warn = (): void => undefined
    expect(() => make({ logger: { warn } })).toThrow('logger.info must be a function; received undefined')
    expect(() => make({ logger: { info: warn } })).toThrow('logger.warn must be a function; received undefined')
    expect(() => make({ logger: { info: warn, warn } })).not.toThrow()
    expect(() => new ServiceProxyManager({ logger: { info: warn, warn: 1 } as unknown as Logger })).toThrow(
      'logger.warn must be a function; received 1',
    )
  })

  test('a misspelt option is one too', () => {
    expect(() => make({ cacheTTL: 5 })).toThrow('received "cacheTTL"')
    expect(() => make({ circuit: { threshold: 5 } })).toThrow('received "threshold"')
    // @ts-expect-error no such option
    expect(() => factoryProvider('service', { create: () => 1, destroy: () => 2 })).toThrow('received "destroy"')
  })

  test('a deadline given twice, and an isFailure that is no function', () => {
    expect(() => make({ circuit: { timeoutMs: 5 } as object })).toThrow(
      'circuit.timeoutMs must be left out: set the option `timeoutMs` next to `circuit` instead',
    )
    expect(() => make({ circuit: { isFailure: true } })).toThrow('circuit.isFailure must be a function; received true')
    expect(make({ timeoutMs: 5, circuit: {} }).circuitState).toBe('closed')
  })

  test('a stop() that is given nonsense stops nothing', async () => {
    const proxy = make({})
    expect(() => proxy.stop({ timeoutMs: -1 })).toThrow('timeoutMs must be a number in 0 … 2147483647; received -1')
    expect(await proxy.get()).toBe('service')
  })

  test('the value in the message is bounded and never what an object holds', () => {
    expect(() => make({ cacheTtlMs: 'x'.repeat(10_000) })).toThrow(/^.{1,200}$/)
    expect(() => make({ cacheTtlMs: { password: 'secret' } })).toThrow('received an object')
  })

  test('whatever is passed as options, construction succeeds or says InvalidOptionError', () => {
    const anything = fc.dictionary(
      fc.constantFrom(
        ...DURATIONS,
        ...TIMERS,
        'circuit',
        'clock',
        'fallback',
        'critical',
        'breaker',
        'logger',
        'other',
      ),
      fc.anything(),
    )
    fc.assert(
      fc.property(anything, (options) => {
        const error = errorOf(() => void make(options).stop())
        expect(error === undefined || error instanceof InvalidOptionError).toBe(true)
      }),
    )
  })
})

describe('options', () => {
  test('are neither kept nor changed', async () => {
    const circuit = Object.freeze({ failureThreshold: 1 })
    const options = Object.freeze({ circuit, cacheTtlMs: 0 })
    const [first, second] = [make(options), make(options)]
    await expect(first.call(() => Promise.reject(new Error('down')))).rejects.toThrow('down')
    expect([first.circuitState, second.circuitState]).toEqual(['open', 'closed'])
  })
})

describe('a circuit state from elsewhere', () => {
  test.for([
    null,
    undefined,
    'open',
    {},
    { state: 'isolated' },
    { state: 'open', failures: 0, successes: 0, remainingMs: 30_001 },
    { state: 'open', failures: 0, successes: 0, remainingMs: NaN },
    { state: 'closed', failures: 5, successes: 0, remainingMs: 0 },
    { state: 'half_open', failures: 0, successes: 3, remainingMs: 0 },
  ])('%j is refused', (snapshot) => {
    expect(() => make({}).importCircuit(snapshot as CircuitSnapshot)).toThrow(InvalidOptionError)
  })
})

describe('a provider', () => {
  test('is made from what it needs, or not at all', () => {
    expect(() => factoryProvider('then', { create: () => 1 })).toThrow(InvalidOptionError)
    expect(() => factoryProvider('a', {} as { create: () => 1 })).toThrow('create must be a function')
    expect(() => registryProvider('a', {} as () => ServiceRegistry)).toThrow('getRegistry must be a function')
    expect(() => appStateProvider('a', {} as () => object)).toThrow('getState must be a function')
    expect(() => appStateProvider('__proto__', () => ({}))).toThrow(InvalidOptionError)
    expect(() => compositeProvider('a', [])).toThrow('providers must be at least one provider; received "none"')
  })
})

describe('a registry', () => {
  test('refuses a name that is taken or no name, and a service that is none; and knows what it has', () => {
    const registry = new ServiceRegistry().register('a', 1)
    expect(() => registry.register('a', 2)).toThrow('name must be a name that is not registered yet; received "a"')
    expect(() => registry.register('constructor', 2)).toThrow(InvalidOptionError)
    expect(() => registry.register('b', undefined)).toThrow(
      'service must be a service, not undefined or null; received undefined',
    )
    expect(() => registry.get('b')).toThrow(UnknownServiceError)
    expect(() => registry.get('b')).toThrow('There is no service named "b"; known: a')
    expect(() => new ServiceRegistry().get('b')).toThrow('none is registered')
    expect([registry.get('a'), registry.has('a'), registry.has('b'), registry.names()]).toEqual([1, true, false, ['a']])
    expect([registry.unregister('a'), registry.unregister('a'), registry.has('a')]).toEqual([true, false, false])
  })
})
