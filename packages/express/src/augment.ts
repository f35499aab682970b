/**
 * The type of `req.services` in an application that binds with `{ attach: true }`. The application fills it in:
 * `interface AttachedServices extends ServicesOf<typeof services> {}`.
 */
export interface AttachedServices {}

declare global {
  // oxlint-disable-next-line typescript/no-namespace -- Express offers no other way to add to its request
  namespace Express {
    interface Request {
      /** The services, bound to this request: what `from(req)` returns. */
      readonly services: AttachedServices
    }
  }
}
