import { expect, test } from 'vitest'
import { grpcFailure } from './grpc-failure.ts'

const withCode = (code: unknown) =>
  Object.assign(new Error('5 NOT_FOUND: no such quote'), { code, details: '', metadata: {} })

test.each([
  [0, 'OK', true],
  [1, 'CANCELLED', false],
  [2, 'UNKNOWN', true],
  [3, 'INVALID_ARGUMENT', false],
  [4, 'DEADLINE_EXCEEDED', true],
  [5, 'NOT_FOUND', false],
  [6, 'ALREADY_EXISTS', false],
  [7, 'PERMISSION_DENIED', false],
  [8, 'RESOURCE_EXHAUSTED', true],
  [9, 'FAILED_PRECONDITION', false],
  [10, 'ABORTED', false],
  [11, 'OUT_OF_RANGE', false],
  [12, 'UNIMPLEMENTED', false],
  [13, 'INTERNAL', true],
  [14, 'UNAVAILABLE', true],
  [15, 'DATA_LOSS', true],
  [16, 'UNAUTHENTICATED', false],
])('%i, %s: %s', (code, _name, isFailure) => {
  expect(grpcFailure(withCode(code))).toBe(isFailure)
  expect(grpcFailure(new Error('wrapped', { cause: withCode(code) }))).toBe(isFailure)
})

test.each([17, -1, 3.5, NaN, 404, '5', 'NOT_FOUND', 'ENOTFOUND', 5n, null])(
  'what is no code is none, and without one it is a failure: %s',
  (code) => {
    expect(grpcFailure(withCode(code))).toBe(true)
  },
)

test('what is no code does not hide one behind it', () => {
  expect(grpcFailure(Object.assign(new Error('wrapped', { cause: withCode(5) }), { code: 'E_QUOTES' }))).toBe(false)
})

test('the nearest code is the one that counts', () => {
  expect(grpcFailure(Object.assign(new Error('wrapped', { cause: withCode(5) }), { code: 14 }))).toBe(true)
})

test('the code of a DOMException is no status', () => {
  const exception = new DOMException('x', 'InvalidCharacterError')
  expect(exception.code).toBe(5)
  expect(grpcFailure(exception)).toBe(true)
})
