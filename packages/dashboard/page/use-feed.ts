import { useEffect, useMemo, useState } from 'preact/hooks'
import { loadSnapshot } from './api.ts'
import { browserClock } from './browser-clock.ts'
import { createPolling, type Feed, NOTHING, type Polling } from './polling.ts'
import { listen } from './listen.ts'

/** What the process says, kept up to date while the page is seen. */
export function useFeed(): { readonly feed: Feed } & Pick<Polling, 'refresh' | 'show'> {
  const [feed, setFeed] = useState<Feed>(NOTHING)
  const polling = useMemo(() => createPolling({ clock: browserClock, load: loadSnapshot, onChange: setFeed }), [])
  useEffect(() => {
    const look = (): void => (document.hidden ? polling.pause() : polling.resume())
    look()
    const leave = listen(document, 'visibilitychange', look)
    return () => {
      leave()
      polling.pause()
    }
  }, [polling])
  return { feed, refresh: () => polling.refresh(), show: (instance) => polling.show(instance) }
}
