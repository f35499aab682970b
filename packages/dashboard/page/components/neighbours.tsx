import type { Snapshot } from '@svcproxy/http'
import type { JSX } from 'preact'
import { isMember } from '../fleet.ts'
import { Icon } from './icons.tsx'

/** Behind a load balancer: the other processes that answer, and the one that is shown. In a fleet this matters less. */
export function Neighbours(props: {
  readonly snapshot: Snapshot
  /** Their ids. */
  readonly others: readonly string[]
  readonly onShow: (instance: string) => void
}): JSX.Element | null {
  const { snapshot, others, onShow } = props
  if (others.length === 0) return null
  const shown = <b>{snapshot.instance.id}</b>
  const inFleet = isMember(snapshot.fleet)
  return (
    <section class={`banner neighbours tone-${inFleet ? 'plain' : 'warn'}`} aria-label="Processes that answer">
      <Icon name="operator" />
      <p>
        {others.length + 1} processes answer: this page shows {shown}.{!inFleet && <> Actions apply to {shown} only.</>}
      </p>
      <div>
        {others.map((other) => (
          <button key={other} type="button" class="link" onClick={() => onShow(other)}>
            Show {other}
          </button>
        ))}
      </div>
    </section>
  )
}
