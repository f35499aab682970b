/** A file of the page. */
export interface PageAsset {
  readonly contentType: string
  /** A strong ETag: the first half of a SHA-256 of the body. */
  readonly etag: string
  readonly body: string
}
