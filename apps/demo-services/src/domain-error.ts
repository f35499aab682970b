/**
 * A request that cannot be fulfilled for a reason that its sender can understand. It is not a failure of the service
 * that throws it, so no circuit counts it.
 */
export abstract class DomainError extends Error {}

/** The requested thing does not exist. */
export class NotFoundError extends DomainError {
  override readonly name = 'NotFoundError'
}

/** The input is invalid. */
export class InvalidInputError extends DomainError {
  override readonly name = 'InvalidInputError'
}
