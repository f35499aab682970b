import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  CapacityError,
  CircuitOpenError,
  combinedFailure,
  grpcFailure,
  httpFailure,
  InvalidOptionError,
  postgresFailure,
  ServiceTimeoutError,
  ServiceUnavailableError,
  StoppedError,
  type SvcproxyError,
  UnknownServiceError,
} from '../index.ts'

// What holds of every judge, whatever it judges by.

type Judge = (error: unknown) => boolean
const judges: readonly (readonly [string, Judge])[] = [
  ['httpFailure', httpFailure],
  ['postgresFailure', postgresFailure],
  ['grpcFailure', grpcFailure],
  ['combinedFailure of all', combinedFailure(httpFailure, postgresFailure, grpcFailure)],
]

/** What each of them knows as the caller's fault, and where it looks for it. */
const CALLERS_FAULT = { status: 400, statusCode: 400, code: 3, originalCode: '22P02' }
const KEYS = `${Object.keys(CALLERS_FAULT).join(' ')} response $metadata httpStatusCode $retryable headers get name
  INDEX_SIZE_ERR cause meta driverAdapterError original nativeError`.split(/\s+/)

function revoked(target: object): object {
  const { proxy, revoke } = Proxy.revocable(target, {})
  revoke()
  return proxy
}

function throwing(): never {
  throw new Error('you should not have asked')
}

const hostile: Readonly<Record<string, unknown>> = {
  'a revoked proxy': revoked({}),
  'a revoked proxy of a function': revoked(() => undefined),
  'a proxy whose traps throw': new Proxy({}, { get: throwing, has: throwing, getPrototypeOf: throwing }),
  'a proxy of itself, for every property': new Proxy({}, { get: (_target, _key, self) => self as unknown }),
  'getters that throw': Object.defineProperties(
    {},
    Object.fromEntries(KEYS.map((key) => [key, { get: throwing, enumerable: true }])),
  ),
  'getters that never end': Object.defineProperty({}, 'cause', {
    get(this: { readonly cause: unknown }) {
      return this.cause
    },
  }),
  'a revoked proxy inside': Object.fromEntries(KEYS.map((key) => [key, revoked({})])),
  'no prototype': Object.create(null),
}

/** How an error is made: fast-check itself does not stand what some of them do. */
interface Description {
  readonly value?: unknown
  readonly hostile?: string
  readonly members?: Readonly<Record<string, Description>>
}

const { thrown } = fc.letrec<{ thrown: Description }>((tie) => ({
  thrown: fc.oneof(
    { depthSize: 'small' },
    fc.record({ value: fc.anything({ withBigInt: true, withNullPrototype: true, withMap: true }) }),
    fc.record({ value: fc.integer({ min: -1, max: 600 }) }),
    fc.record({ hostile: fc.constantFrom(...Object.keys(hostile)) }),
    fc.record({ members: fc.dictionary(fc.constantFrom(...KEYS), tie('thrown')) }),
  ),
}))

function made({ value, hostile: name, members }: Description): unknown {
  if (name !== undefined) return hostile[name]
  if (members === undefined) return value
  return Object.fromEntries(Object.entries(members).map(([key, member]) => [key, made(member)]))
}

const NOTHING = [undefined, null, 0, 3, 400, 12n, NaN, '', '400', '22P02', 'ECONNREFUSED', true, Symbol('400')]

describe.each(judges)('%s', (_name, isFailure) => {
  test.each(Object.entries(hostile))('is not broken by %s: a failure', (_what, error) => {
    expect(isFailure(error)).toBe(true)
  })

  test.each(NOTHING)('takes what is no object for a failure: %s', (error) => {
    expect(isFailure(error)).toBe(true)
    expect(isFailure(new Error('wrapped', { cause: error }))).toBe(true)
  })

  test('never throws, and answers with a boolean, whatever it is given', () => {
    fc.assert(fc.property(thrown, (description) => typeof isFailure(made(description)) === 'boolean'))
  })

  test('is not lost in causes that lead in a circle, or have no end', () => {
    const first: Error = new Error('a')
    first.cause = new Error('b', { cause: first })
    expect(isFailure(first)).toBe(true)

    let read = 0
    class Endless extends Error {
      override get cause(): Endless {
        read++
        return new Endless()
      }
    }
    expect(isFailure(new Endless())).toBe(true)
    expect(read).toBeLessThan(100)
  })

  test('finds the fault of the caller behind wrappers, inherited, and on a function', () => {
    let wrapped: unknown = CALLERS_FAULT
    for (let depth = 0; depth < 14; depth++) {
      const wrapper = new Error(`wrapped ${depth}`, { cause: wrapped })
      wrapped = Object.assign(wrapper, { meta: 'x', original: null, nativeError: wrapper })
    }
    expect(isFailure(wrapped)).toBe(false)
    expect(isFailure(Object.create(CALLERS_FAULT))).toBe(false)
    expect(isFailure({ ...CALLERS_FAULT, cause: revoked({}) })).toBe(false)
    expect(isFailure(Object.assign(() => undefined, CALLERS_FAULT))).toBe(false)
  })

  const ours: readonly SvcproxyError[] = [
    new CircuitOpenError('s', 1_000),
    new ServiceTimeoutError('s', 5_000),
    new ServiceUnavailableError('s', 'its provider failed', { cause: CALLERS_FAULT }),
    new CapacityError('s', 'full'),
    new StoppedError('s'),
    new InvalidOptionError('o', 'a number', 'x'),
    new UnknownServiceError('s', []),
  ]
  test.each(ours)('takes an error of this library for a failure, whatever it has: %s', (error) => {
    expect(isFailure(error)).toBe(true)
    expect(isFailure(Object.assign(new Error('wrapped', { cause: error }), CALLERS_FAULT))).toBe(true)
    for (const [key, value] of Object.entries(CALLERS_FAULT)) Object.defineProperty(error, key, { value })
    expect(isFailure(error)).toBe(true)
  })
})
