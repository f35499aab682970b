import { useEffect, useState } from 'preact/hooks'
import { listen } from './listen.ts'

/** Whether a media query matches; draws anew when that changes. */
export function useMedia(query: string): boolean {
  const [matches, setMatches] = useState(() => window.matchMedia(query).matches)
  useEffect(() => {
    const list = window.matchMedia(query)
    const look = (): void => setMatches(list.matches)
    look()
    return listen(list, 'change', look)
  }, [query])
  return matches
}
