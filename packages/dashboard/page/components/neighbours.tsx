import type { Snapshot } from '@svcproxy/http'
import type { JSX } from 'preact'
import { isMember } from '../fleet.ts'
import { Icon } from './icons.tsx'

/** Behind a load balancer: who else answers, and which process this is about. A fleet makes it matter less. */
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
        Answers come from {others.length + 1} processes: this page stays with {shown}.
        {!inFleet && <> What you do here is done in {shown} alone.</>}
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
