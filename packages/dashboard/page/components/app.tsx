import type { Snapshot } from '@svcproxy/http'
import type { JSX } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { type Intent, outcomeWords } from '../actions.ts'
import { act, type Deed } from '../api.ts'
import type { Feed } from '../polling.ts'
import { fragmentOf } from '../route.ts'
import { changesBetween, type Selection, totalsOf } from '../services.ts'
import { useFeed } from '../use-feed.ts'
import { useRoute } from '../use-route.ts'
import { ConfirmDialog } from './confirm-dialog.tsx'
import { Detail } from './detail.tsx'
import { Masthead } from './masthead.tsx'
import { Banners, Refused, Skeleton } from './notices.tsx'
import { Overview } from './overview.tsx'
import { Ticking } from './time.tsx'
import { type Message, Toast } from './toast.tsx'

/** The page. `title` is what the application calls it. */
export function App({ title }: { readonly title: string }): JSX.Element {
  const { feed, refresh, show } = useFeed()
  const { snapshot } = feed
  const [intent, setIntent] = useState<Intent | null>(null)
  const [message, setMessage] = useState<Message | null>(null)
  useTitle(title, feed)
  const confirm = async (deed: Deed, { instance, fleet }: Snapshot): Promise<void> => {
    setMessage(outcomeWords(deed, await act(deed, instance.id, feed.others.length), fleet))
    refresh()
  }
  return (
    <Ticking clockAheadMs={feed.clockAheadMs} paused={feed.paused}>
      <Masthead title={title} feed={feed} />
      <main class={feed.stale ? 'stale' : ''} aria-busy={snapshot === null && feed.refusal === null}>
        <Banners feed={feed} onShow={show} />
        <Content feed={feed} refresh={refresh} onIntent={setIntent} />
      </main>
      <Announcements feed={feed} />
      <Toast message={message} onDismiss={() => setMessage(null)} />
      {intent !== null && snapshot !== null && (
        <ConfirmDialog intent={intent} snapshot={snapshot} onConfirm={confirm} onClose={() => setIntent(null)} />
      )}
    </Ticking>
  )
}

function Content(props: {
  readonly feed: Feed
  readonly refresh: () => void
  readonly onIntent: (intent: Intent) => void
}): JSX.Element {
  const { feed, refresh, onIntent } = props
  const { snapshot, refusal } = feed
  const [selection, setSelection] = useState<Selection>({ text: '', onlyUnwell: false, order: 'unwell' })
  const { service, showAll } = useRoute()
  useReturnedFocus(service)
  if (refusal !== null && (snapshot === null || refusal === 'version'))
    return <Refused reason={refusal} onRetry={refresh} />
  if (snapshot === null) return <Skeleton />
  if (service !== null) {
    return <Detail name={service} snapshot={snapshot} onIntent={onIntent} onBack={showAll} />
  }
  return <Overview snapshot={snapshot} selection={selection} onSelect={setSelection} onIntent={onIntent} />
}

/** Tells those who listen to the page what changed in the process; a poll that changes nothing is silent. */
function Announcements({ feed: { snapshot } }: { readonly feed: Feed }): JSX.Element {
  const before = useRef(snapshot)
  const [words, setWords] = useState('')
  useEffect(() => {
    const isSame = before.current?.instance.id === snapshot?.instance.id
    const changes = isSame ? changesBetween(before.current?.services ?? [], snapshot?.services ?? []) : []
    before.current = snapshot
    if (changes.length > 0) setWords(changes.join('. '))
  }, [snapshot])
  return (
    <p class="unseen" role="status">
      {words}
    </p>
  )
}

/** The title of the tab counts the services with problems. */
function useTitle(title: string, { snapshot, stale }: Feed): void {
  const unwell = totalsOf(snapshot?.services ?? []).unwell
  const environment = snapshot?.instance.environment ?? null
  useEffect(() => {
    const place = environment === null ? title : `${title} · ${environment}`
    const count = unwell === 0 ? '' : `(${unwell}) `
    document.title = (stale ? '(stale) ' : count) + place
  }, [title, unwell, environment, stale])
}

/** On the way back from a service, the focus returns to its link. */
function useReturnedFocus(service: string | null): void {
  const before = useRef(service)
  useLayoutEffect(() => {
    const left = before.current
    before.current = service
    if (service !== null || left === null) return
    document.querySelector<HTMLElement>(`a.service-link[href="${CSS.escape(fragmentOf(left))}"]`)?.focus()
  }, [service])
}
