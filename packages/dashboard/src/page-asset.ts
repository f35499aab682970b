/** A file of the page. */
export interface PageAsset {
  readonly contentType: string
  /** Strong: the first half of a SHA-256 over the body. */
  readonly etag: string
  readonly body: string
}
