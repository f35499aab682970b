import { describe, expect, test } from 'vitest'
import { httpFailure } from './http-failure.ts'

const withStatus = (status: unknown, more: object = {}) => Object.assign(new Error('not a 200'), { status, ...more })
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)

describe('by its status', () => {
  test('a 3xx is an answer, and a 4xx the fault of the request, but for 408, 425 and 429', () => {
    const callers = range(100, 599).filter((status) => !httpFailure(withStatus(status)))
    expect(callers).toEqual(range(300, 499).filter((status) => ![408, 425, 429].includes(status)))
  })

  test.each([0, 1, 99, 600, 4_000, -404, 404.5, NaN, Infinity, '404', ' 404', 'Not Found', null, 404n, [404]])(
    'what is no status is none, and without one it is a failure: %s',
    (status) => {
      expect(httpFailure(withStatus(status))).toBe(true)
    },
  )

  test('what is no status does not hide one elsewhere', () => {
    expect(httpFailure({ status: 'error', statusCode: null, response: { status: 1, statusCode: 404 } })).toBe(false)
    expect([99, 100, 599, 600].map((status) => httpFailure({ status, statusCode: 404 }))).toEqual([
      false,
      true,
      true,
      false,
    ])
  })
})

const response = (status: number, headers: Record<string, string> = {}) => new Response('{}', { status, headers })

describe.each([
  ['status', (status: number) => ({ status })],
  ['statusCode', (statusCode: number) => ({ statusCode })],
  ['response.status', (status: number) => ({ response: { status } })],
  ['response.statusCode, as got has it', (statusCode: number) => ({ response: { statusCode } })],
  ['response, as ky has it', (status: number) => ({ response: response(status) })],
  ['$metadata.httpStatusCode', (httpStatusCode: number) => ({ $metadata: { httpStatusCode } })],
  ['the cause of it', (status: number) => new Error('no vehicle', { cause: { status } })],
  ['a response as its cause', (status: number) => new Error('no vehicle', { cause: response(status) })],
])('at %s', (_where, errorWith) => {
  test('a 404 is no failure, a 503 and a 429 are', () => {
    expect([404, 503, 429].map((status) => httpFailure(errorWith(status)))).toEqual([false, true, true])
  })
})

test('the nearest status is the one that counts', () => {
  const notFound = withStatus(404)
  expect(httpFailure(withStatus(502, { cause: notFound }))).toBe(true)
  expect(httpFailure(withStatus(404, { cause: withStatus(502) }))).toBe(false)
})

test('where nobody answered, it is a failure', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', errno: -111 })
  expect(httpFailure(new TypeError('fetch failed', { cause: refused }))).toBe(true)
  expect(httpFailure(new DOMException('gone', 'AbortError'))).toBe(true)
})

describe('a 403 that means 429', () => {
  test.each([
    ['of GitHub, all used up', { response: { headers: { 'x-ratelimit-remaining': '0' } } }, true],
    ['of GitHub, too fast', { response: { headers: { 'retry-after': '60', 'x-ratelimit-remaining': '9' } } }, true],
    ['in a Headers', { headers: new Headers({ 'Retry-After': '60' }) }, true],
    ['in a Headers that has none', { headers: new Headers({ 'x-ratelimit-remaining': '41' }) }, false],
    ['that is forbidden', { response: { headers: { 'x-ratelimit-remaining': '41' } } }, false],
    ['with headers that are none', { headers: 'retry-after' }, false],
    [
      'with headers that throw',
      {
        headers: {
          get: () => {
            throw new Error('no')
          },
        },
      },
      false,
    ],
    ['with an empty header', { headers: { 'x-ratelimit-remaining': '' } }, false],
  ])('%s', (_what, more, isFailure) => {
    expect(httpFailure(withStatus(403, more))).toBe(isFailure)
  })

  test('is a 403: any other 4xx may say when to come again', () => {
    expect(httpFailure(withStatus(409, { headers: { 'retry-after': '1' } }))).toBe(false)
  })
})

describe('an error of AWS', () => {
  const aws = (name: string, more: object = {}) =>
    Object.assign(new Error(name), { name, $fault: 'client', $metadata: { httpStatusCode: 400 }, ...more })

  test.each([
    'BandwidthLimitExceeded',
    'EC2ThrottledException',
    'ProvisionedThroughputExceededException',
    'RequestLimitExceeded',
    'RequestThrottled',
    'RequestThrottledException',
    'RequestTimeout',
    'RequestTimeoutException',
    'SlowDown',
    'ThrottledException',
    'Throttling',
    'ThrottlingException',
    'TooManyRequestsException',
  ])('that means "slower" is a failure, whatever its status: %s', (name) => {
    expect(httpFailure(aws(name))).toBe(true)
  })

  test('that its SDK says can be tried again is a failure', () => {
    expect(httpFailure(aws('LimitExceededException', { $retryable: { throttling: true } }))).toBe(true)
    expect(httpFailure(aws('IDPCommunicationError', { $retryable: {} }))).toBe(true)
  })

  test.each([
    'ValidationException',
    'ConditionalCheckFailedException',
    'NoSuchKey',
    'LimitExceededException',
    'PriorRequestNotComplete',
    'TransactionInProgressException',
  ])('that speaks of the request is none: %s', (name) => {
    expect(httpFailure(aws(name))).toBe(false)
  })

  test('is known by its metadata: a name alone says nothing', () => {
    expect(httpFailure(withStatus(400, { name: 'SlowDown', $retryable: {} }))).toBe(false)
  })
})
