/** Headers about a body that a handler had begun to describe when it failed; they would be wrong about another one. */
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

/** Takes away the headers that describe a body; others, CORS for one, stay. */
export function clearRepresentation(response: { removeHeader(name: string): void }): void {
  for (const name of REPRESENTATION_HEADERS) response.removeHeader(name)
}
