import { type ComponentChildren, createContext, type JSX } from 'preact'
import { useContext, useEffect, useState } from 'preact/hooks'
import { formatAge, formatAgo, formatCountdown, formatDateTime } from '../format.ts'

const Now = createContext(0)

const SEEN_WITHIN_MS = 10_000

/** Tells what is inside it the time of the process, once a second: only the words that tell a time are drawn anew. */
export function Ticking({
  clockAheadMs,
  paused,
  children,
}: {
  readonly clockAheadMs: number
  readonly paused: boolean
  readonly children: ComponentChildren
}): JSX.Element {
  const [now, setNow] = useState(Date.now())
  useEffect(() => {
    setNow(Date.now())
    if (paused) return undefined
    const timer = window.setInterval(() => setNow(Date.now()), 1000)
    return () => window.clearInterval(timer)
  }, [paused, clockAheadMs])
  return <Now.Provider value={now + clockAheadMs}>{children}</Now.Provider>
}

/** How long something has lasted: `3 min`. `at` is a time of the process, ISO 8601. */
export function Age({ at }: { readonly at: string }): JSX.Element {
  return <Moment at={at} words={formatAge} />
}

/** How long ago something was: `3 min ago`. */
export function Ago({ at }: { readonly at: string }): JSX.Element {
  return <Moment at={at} words={formatAgo} />
}

/** The age of a process's last heartbeat; highlighted if a heartbeat, sent every five seconds, is missing. */
export function Seen({ at }: { readonly at: string }): JSX.Element {
  const isLong = useContext(Now) - Date.parse(at) > SEEN_WITHIN_MS
  return (
    <span class={isLong ? 'toned tone-warn' : ''}>
      <Ago at={at} />
    </span>
  )
}

/** How long until something: `trial in 12 s`, or what is said when its time has come. */
export function Countdown(props: { readonly to: string; readonly what: string; readonly due: string }): JSX.Element {
  const { to, what, due } = props
  return <Moment at={to} words={(age) => (age >= 0 ? due : `${what} in ${formatCountdown(-age)}`)} />
}

function Moment({ at, words }: { readonly at: string; readonly words: (ageMs: number) => string }): JSX.Element {
  const atMs = Date.parse(at)
  return (
    <time dateTime={at} title={formatDateTime(atMs)}>
      {words(useContext(Now) - atMs)}
    </time>
  )
}
