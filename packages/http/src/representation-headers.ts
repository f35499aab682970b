/** Headers about the body that a handler was preparing when it failed; they would be wrong for another body. */
const REPRESENTATION_HEADERS = [
  'Content-Disposition',
  'Content-Encoding',
  'Content-Language',
  'Content-Length',
  'Content-Location',
  'Content-Range',
  'Content-Type',
  'ETag',
  'Expires',
  'Last-Modified',
  'Transfer-Encoding',
]

/** Removes the headers that describe a body; others, such as CORS headers, stay. */
export function clearRepresentation(response: { removeHeader(name: string): void }): void {
  for (const name of REPRESENTATION_HEADERS) response.removeHeader(name)
}
