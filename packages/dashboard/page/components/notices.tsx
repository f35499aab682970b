import type { FleetView } from '@svcproxy/http'
import type { ComponentChildren, JSX } from 'preact'
import type { Refusal } from '../api.ts'
import { isMember } from '../fleet.ts'
import { formatTimeOfDay } from '../format.ts'
import type { Feed } from '../polling.ts'
import { Icon, type IconName } from './icons.tsx'
import { Neighbours } from './neighbours.tsx'
import { Ago } from './time.tsx'

const REFUSED: Readonly<Record<Refusal, { readonly icon: IconName; readonly title: string; readonly words: string }>> =
  {
    unauthenticated: {
      icon: 'operator',
      title: 'Sign in first',
      words: 'The application does not know who you are. Sign in to it, then come back.',
    },
    forbidden: {
      icon: 'isolated',
      title: 'Access denied',
      words: 'The application knows you, but does not let you see its services.',
    },
    unavailable: {
      icon: 'unhealthy',
      title: 'No snapshot',
      words: 'The process answers, but not with its services. Retrying every two seconds.',
    },
    unreachable: {
      icon: 'unhealthy',
      title: 'No answer',
      words: 'The process cannot be reached. It may be starting, or gone. Retrying every two seconds.',
    },
    version: {
      icon: 'stop',
      title: 'This page is out of date',
      words: 'The process has another version of the API. Reload the page.',
    },
  }

/** Shown instead of the services if there are none, with the reason. */
export function Notice(props: {
  readonly icon: IconName
  readonly title: string
  readonly children: ComponentChildren
}): JSX.Element {
  return (
    <section class="notice">
      <span class="notice-icon">
        <Icon name={props.icon} />
      </span>
      <h2>{props.title}</h2>
      {props.children}
    </section>
  )
}

/** Why there is nothing to show. */
export function Refused(props: { readonly reason: Refusal; readonly onRetry: () => void }): JSX.Element {
  const { icon, title, words } = REFUSED[props.reason]
  const reload = props.reason === 'version'
  return (
    <Notice icon={icon} title={title}>
      <p role="alert">{words}</p>
      <button type="button" class="button" onClick={reload ? () => location.reload() : props.onRetry}>
        {reload ? 'Reload' : 'Try again'}
      </button>
    </Notice>
  )
}

/** Messages above the services that concern all of them. */
export function Banners(props: { readonly feed: Feed; readonly onShow: (instance: string) => void }): JSX.Element {
  const { feed, onShow } = props
  const { seenAt, stale, snapshot, others } = feed
  return (
    <>
      {stale && seenAt !== null && (
        <Banner icon="unhealthy">
          Last seen {formatTimeOfDay(seenAt)}
          <span class="quiet">
            {', '}
            <Ago at={new Date(seenAt + feed.clockAheadMs).toISOString()} />
          </span>
          . The process does not answer; retrying.
        </Banner>
      )}
      {snapshot?.stopping === true && (
        <Banner icon="stop">This process is stopping: it finishes calls in flight and takes no new ones.</Banner>
      )}
      {snapshot !== null && (
        <>
          <FleetBanner fleet={snapshot.fleet} />
          <Neighbours snapshot={snapshot} others={others} onShow={onShow} />
        </>
      )}
    </>
  )
}

/** Shown while the process is disconnected from its fleet. */
function FleetBanner({ fleet }: { readonly fleet: FleetView | null }): JSX.Element | null {
  if (!isMember(fleet) || fleet.state === 'connected') return null
  const { since, queuedInvalidations } = fleet
  return (
    <Banner icon="unhealthy">
      Disconnected from the fleet since {formatTimeOfDay(Date.parse(since))}: this process works on its own.
      {queuedInvalidations > 0 && ` Queued invalidations: ${queuedInvalidations}.`}
    </Banner>
  )
}

function Banner(props: { readonly icon: IconName; readonly children: ComponentChildren }): JSX.Element {
  return (
    <p class="banner tone-warn" role="alert">
      <Icon name={props.icon} />
      <span>{props.children}</span>
    </p>
  )
}

/** A placeholder until the first snapshot arrives. */
export function Skeleton(): JSX.Element {
  return (
    <div class="skeleton" aria-hidden="true">
      <div class="skeleton-totals" />
      {Array.from({ length: 6 }, (_, index) => (
        <div key={index} class="skeleton-row" />
      ))}
    </div>
  )
}
