/** Whether an `Accept` or `Accept-Encoding` header names `wanted`, in lower case, and not to refuse it. */
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

/** Whether `If-None-Match` names `etag`: weakly compared, as GET asks for, for what compresses on the way makes a tag weak. */
export function isKnown(ifNoneMatch: string | string[] | undefined, etag: string): boolean {
  const opaque = etag.replace(/^W\//, '')
  return String(ifNoneMatch ?? '')
    .split(',')
    .some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === opaque)
}
