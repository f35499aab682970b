import { useEffect, useState } from 'preact/hooks'
import { serviceOfFragment } from './route.ts'
import { listen } from './listen.ts'

/** Where the reader is, and the way back. */
export function useRoute(): { readonly service: string | null; readonly showAll: () => void } {
  const [service, setService] = useState(serviceOfFragment(location.hash))
  useEffect(() => {
    const move = (): void => setService(serviceOfFragment(location.hash))
    return listen(window, 'hashchange', move)
  }, [])
  return {
    service,
    showAll: () => {
      location.hash = '#/'
    },
  }
}
