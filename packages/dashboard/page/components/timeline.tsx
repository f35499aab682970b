import type { Cause } from '@svcproxy/core'
import type { TimelineEvent } from '@svcproxy/http'
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { ACTION_TEXT } from '../actions.ts'
import { fragmentOf } from '../route.ts'
import { inWords, STATE_TONE, stateAfter, type Tone } from '../services.ts'
import { Icon, type IconName } from './icons.tsx'
import { Ago } from './time.tsx'

/** How many are shown at first. */
const FIRST = 12

/** What happened, the newest first. `of`: on the page of one service, whose name need not be said again. */
export function Timeline(props: { readonly events: readonly TimelineEvent[]; readonly of?: string }): JSX.Element {
  const { events, of } = props
  const [all, setAll] = useState(false)
  const newestFirst = events.toReversed()
  const shown = all ? newestFirst : newestFirst.slice(0, FIRST)
  if (shown.length === 0) return <p class="card-empty">No transition and no action is on record.</p>
  return (
    <>
      <ol class="timeline">
        {shown.map((event) => (
          <Entry key={event.id} event={event} named={of === undefined} />
        ))}
      </ol>
      {newestFirst.length > FIRST && (
        <button type="button" class="more" onClick={() => setAll(!all)}>
          {all ? 'Show fewer' : `Show all ${newestFirst.length}`}
        </button>
      )}
    </>
  )
}

function Entry({ event, named }: { readonly event: TimelineEvent; readonly named: boolean }): JSX.Element {
  const { icon, tone, words } = describe(event)
  return (
    <li class="entry">
      <span class="entry-when">
        <Ago at={event.at} />
      </span>
      <span class={`entry-icon toned tone-${tone}`}>
        <Icon name={icon} />
      </span>
      <span class="entry-words">
        {named && event.service !== null && (
          <a class="entry-service" href={fragmentOf(event.service)}>
            {event.service}
          </a>
        )}{' '}
        {words}
      </span>
    </li>
  )
}

/** Who caused an event; not shown if the process itself did. */
const BY: Readonly<Record<Cause, string>> = { process: '', operator: ' by an operator', fleet: ' by the fleet' }

interface Description {
  readonly icon: IconName
  readonly tone: Tone
  readonly words: JSX.Element | string
}

function describe(event: TimelineEvent): Description {
  switch (event.type) {
    case 'circuit':
      return describeTransition(event)
    case 'health':
      return event.healthy
        ? { icon: 'healthy', tone: 'good', words: 'is healthy' }
        : { icon: 'unhealthy', tone: 'bad', words: 'is unhealthy' }
    case 'invalidate':
      return { icon: 'cache', tone: 'plain', words: `cache invalidated${BY[event.cause]}` }
    case 'expire':
      return { icon: 'cache', tone: 'plain', words: `cache expired${BY[event.cause]}` }
    case 'retry-denied':
      return { icon: 'unhealthy', tone: 'bad', words: 'retry budget used up' }
    case 'stop':
      return { icon: 'stop', tone: 'plain', words: 'stopped' }
    case 'audit':
      return {
        icon: 'operator',
        tone: 'plain',
        words: ACTION_TEXT[event.action].past + whereAndWho(event),
      }
  }
}

function whereAndWho({ scope, actor }: Extract<TimelineEvent, { readonly type: 'audit' }>): string {
  return (scope === 'fleet' ? ' in the fleet' : '') + (actor === null ? '' : ` by ${actor}`)
}

function describeTransition(event: Extract<TimelineEvent, { readonly type: 'circuit' }>): Description {
  const shown = stateAfter(event)
  const before = shown === 'observing' ? 'only observes, would be' : `${inWords(event.from)} →`
  const words = (
    <>
      circuit {before} <b>{inWords(event.to)}</b>
      {BY[event.cause]}
    </>
  )
  return { icon: shown, tone: STATE_TONE[shown], words }
}
