import { judged, read } from './judged.ts'

/** The 4xx that are failures of the service: request timeout, too early, too many requests. */
const NOT_NOW: ReadonlySet<number> = new Set([408, 425, 429])

/**
 * AWS errors with status 400 or 403 that mean "slow down" or "try again". Three of those that its SDK retries are left
 * out, because the caller has to change something: LimitExceededException, PriorRequestNotComplete and
 * TransactionInProgressException.
 */
const AWS_NOT_NOW: ReadonlySet<unknown> = new Set([
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
])

/**
 * For `circuit.isFailure` of a service over HTTP: whether an error is a failure of the service. If it returns false,
 * the error is an answer to what the caller asked, by its status: five requests with a malformed id open no circuit.
 *
 * | status | | because |
 * |---|---|---|
 * | 3xx | false | an answer: 304 is what a conditional request asks for, and the others say where that resource is |
 * | 4xx | false | the fault is in the request, not in the service |
 * | 408, 425, 429 | true | the service cannot take it now |
 * | 403, rate-limited | true | how GitHub says 429: with `retry-after`, or with `x-ratelimit-remaining: 0` |
 * | 4xx of AWS, throttled | true | how AWS often says 429: `$retryable`, or a name like `ThrottlingException` |
 * | 5xx | true | the service says so itself |
 * | 1xx, 2xx | true | the service meant to answer, but the answer is unusable |
 * | none | true | no answer: connection refused, timeout, unreadable body |
 *
 * The status is the first integer in 100 … 599 at `status`, `statusCode`, `response.status`, `response.statusCode` or
 * `$metadata.httpStatusCode` of the error; if it has none, of its `cause`, and so on. This covers axios, undici, got,
 * ky, Octokit, OpenAI, Stripe, AWS SDK v3 and http-errors, and your own `fetch` calls that throw
 * `new Error(text, { cause: response })`. A string of digits is not a status. Errors of this library are failures.
 * Never throws.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-15 | RFC 9110, Status Codes}
 */
export function httpFailure(error: unknown): boolean {
  return judged(error, ['cause'], [byStatus])
}

function byStatus(error: object): boolean | undefined {
  const status = statusOf(error)
  if (status === undefined) return undefined
  if (status < 300 || status >= 500) return true
  return NOT_NOW.has(status) || isAwsNotNow(error) || (status === 403 && isRateLimited(error))
}

function statusOf(error: object): number | undefined {
  const response = read(error, 'response')
  return [
    read(error, 'status'),
    read(error, 'statusCode'),
    read(response, 'status'),
    read(response, 'statusCode'),
    read(read(error, '$metadata'), 'httpStatusCode'),
  ].find(isStatus)
}

function isStatus(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 100 && value <= 599
}

function isAwsNotNow(error: object): boolean {
  if (read(error, '$metadata') === undefined) return false
  return read(error, '$retryable') !== undefined || AWS_NOT_NOW.has(read(error, 'name'))
}

function isRateLimited(error: object): boolean {
  return [read(error, 'headers'), read(read(error, 'response'), 'headers')].some(
    (headers) => headerOf(headers, 'retry-after') !== undefined || headerOf(headers, 'x-ratelimit-remaining') === '0',
  )
}

/** From a `Headers` object, or from an object with lower-case names, as Node.js creates them. */
function headerOf(headers: unknown, name: string): string | undefined {
  const get = read(headers, 'get')
  try {
    const value: unknown = typeof get === 'function' ? Reflect.apply(get, headers, [name]) : read(headers, name)
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined
  }
}
