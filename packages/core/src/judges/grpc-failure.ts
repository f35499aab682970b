import { judged, read } from './judged.ts'

/** By the number of the status: true where the status is a failure of the service. */
const IS_FAILURE: readonly boolean[] = [
  true, // OK: no error has it
  false, // CANCELLED
  true, // UNKNOWN
  false, // INVALID_ARGUMENT
  true, // DEADLINE_EXCEEDED
  false, // NOT_FOUND
  false, // ALREADY_EXISTS
  false, // PERMISSION_DENIED
  true, // RESOURCE_EXHAUSTED
  false, // FAILED_PRECONDITION
  false, // ABORTED
  false, // OUT_OF_RANGE
  false, // UNIMPLEMENTED
  true, // INTERNAL
  true, // UNAVAILABLE
  true, // DATA_LOSS
  false, // UNAUTHENTICATED
]

/**
 * For `circuit.isFailure` of a gRPC service: whether an error is a failure of the service. If it returns false, the
 * error is an answer to what the caller asked.
 *
 * | status | | because |
 * |---|---|---|
 * | `INVALID_ARGUMENT` 3, `NOT_FOUND` 5, `ALREADY_EXISTS` 6, `FAILED_PRECONDITION` 9, `OUT_OF_RANGE` 11 | false | the request does not fit what is there |
 * | `PERMISSION_DENIED` 7, `UNAUTHENTICATED` 16 | false | the answer to one caller; others get theirs |
 * | `ABORTED` 10 | false | a conflict with another caller; the service asks for the whole transaction to be repeated |
 * | `CANCELLED` 1 | false | the caller cancelled; a timeout is `DEADLINE_EXCEEDED` |
 * | `UNIMPLEMENTED` 12 | false | one method does not exist; all others work |
 * | `UNKNOWN` 2, `DEADLINE_EXCEEDED` 4, `RESOURCE_EXHAUSTED` 8, `INTERNAL` 13, `UNAVAILABLE` 14, `DATA_LOSS` 15 | true | the service says so itself, or nobody answered |
 * | none | true | nothing says that the caller is at fault |
 *
 * The status is the number in `code` of the error, as `@grpc/grpc-js` sets it; if there is none, of its `cause`, and so
 * on. A string is not a status, and neither is the `code` of a `DOMException`. Errors of this library are failures.
 * Never throws.
 *
 * @see {@link https://grpc.io/docs/guides/status-codes/ | gRPC status codes}
 */
export function grpcFailure(error: unknown): boolean {
  return judged(error, ['cause'], [byCode])
}

function byCode(error: object): boolean | undefined {
  const code = read(error, 'code')
  return typeof code === 'number' && !isDomException(error) ? IS_FAILURE[code] : undefined
}

/** Its codes are small numbers, too, but mean something else. */
function isDomException(error: object): boolean {
  return read(error, 'INDEX_SIZE_ERR') === 1
}
