/** Whether an `Accept` or `Accept-Encoding` header accepts `wanted`, which is in lower case. Wildcards do not count. */
export function accepts(header: string | string[] | undefined, wanted: string): boolean {
  return String(header ?? '')
    .split(',')
    .some((range) => {
      const [name = '', ...parameters] = range.split(';')
      return (
        name.trim().toLowerCase() === wanted && !parameters.some((parameter) => /^\s*q=0(\.0*)?\s*$/i.test(parameter))
      )
    })
}

/**
 * Whether `If-None-Match` contains `etag`. The comparison is weak, as for GET: a proxy that compresses makes a tag
 * weak.
 */
export function matchesEtag(ifNoneMatch: string | string[] | undefined, etag: string): boolean {
  const opaque = etag.replace(/^W\//, '')
  return String(ifNoneMatch ?? '')
    .split(',')
    .some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === opaque)
}
