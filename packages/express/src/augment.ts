/**
 * What `req.services` holds in an application that binds with `{ attach: true }`. An application fills it in:
 * `interface AttachedServices extends ServicesOf<typeof services> {}`.
 */
export interface AttachedServices {}

declare global {
  // oxlint-disable-next-line typescript/no-namespace -- the one way that Express offers to add to its request
  namespace Express {
    interface Request {
      /** The services, bound to this request: what `from(req)` returns. */
      readonly services: AttachedServices
    }
  }
}
