/**
 * A request that cannot be met for a reason its sender can understand. The service that throws one is well, so no
 * circuit counts it.
 */
export abstract class DomainError extends Error {}

/** There is no such thing. */
export class NotFoundError extends DomainError {
  override readonly name = 'NotFoundError'
}

/** What was sent makes no sense. */
export class InvalidInputError extends DomainError {
  override readonly name = 'InvalidInputError'
}
