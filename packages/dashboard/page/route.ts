// Where the reader is, in the fragment: it never reaches the server, survives a reload, and can be sent to a colleague.

const SERVICE = '#/services/'

/** The service whose page it is; null: the page of all. */
export function serviceOfFragment(fragment: string): string | null {
  if (!fragment.startsWith(SERVICE) || fragment === SERVICE) return null
  try {
    return decodeURIComponent(fragment.slice(SERVICE.length))
  } catch {
    return null
  }
}

export function fragmentOf(service: string): string {
  return SERVICE + encodeURIComponent(service)
}
