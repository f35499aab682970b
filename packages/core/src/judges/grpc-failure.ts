import { judged, read } from './judged.ts'

/** By the number of the status, true where it speaks of the service. */
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
 * For `circuit.isFailure` of a gRPC service: whether an error says that the service is unwell. One for which it returns false is
 * an answer to what the caller asked.
 *
 * | status | | because |
 * |---|---|---|
 * | `INVALID_ARGUMENT` 3, `NOT_FOUND` 5, `ALREADY_EXISTS` 6, `FAILED_PRECONDITION` 9, `OUT_OF_RANGE` 11 | false | the request does not fit what is there |
 * | `PERMISSION_DENIED` 7, `UNAUTHENTICATED` 16 | false | the answer to one caller; others get theirs |
 * | `ABORTED` 10 | false | lost against another caller; the service asks for the whole to be done again |
 * | `CANCELLED` 1 | false | the caller left; time that ran out is `DEADLINE_EXCEEDED` |
 * | `UNIMPLEMENTED` 12 | false | one method is not there; the service is well for all others |
 * | `UNKNOWN` 2, `DEADLINE_EXCEEDED` 4, `RESOURCE_EXHAUSTED` 8, `INTERNAL` 13, `UNAVAILABLE` 14, `DATA_LOSS` 15 | true | the service says so itself, or nobody answered |
 * | none | true | nothing says that the caller is at fault |
 *
 * The status is the number at `code` of the error, as `@grpc/grpc-js` has it; if there is none, of its `cause`, and so on. A string
 * is no status, and neither is the number at `code` of a `DOMException`. Errors of this library are failures. Never throws.
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

/** Its codes are small numbers, too, and mean something else. */
function isDomException(error: object): boolean {
  return read(error, 'INDEX_SIZE_ERR') === 1
}
