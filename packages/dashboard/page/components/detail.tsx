import type { ServiceDetail, ServiceView, Snapshot } from '@svcproxy/http'
import type { JSX } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { actionsFor, type Intent } from '../actions.ts'
import { loadDetail } from '../api.ts'
import { stateOf } from '../services.ts'
import { useKey } from '../use-key.ts'
import { ActionButtons } from './action-buttons.tsx'
import { FleetPanel } from './fleet-panel.tsx'
import { Icon } from './icons.tsx'
import { Methods } from './methods.tsx'
import { Notice } from './notices.tsx'
import { Panel } from './panel.tsx'
import { Critical, StatePill } from './pills.tsx'
import { Settings } from './settings.tsx'
import { Standing } from './standing.tsx'
import { Timeline } from './timeline.tsx'
import { Traffic } from './traffic.tsx'

/** One service, in full. Escape goes back to all of them. */
export function Detail(props: {
  readonly name: string
  readonly snapshot: Snapshot
  readonly onIntent: (intent: Intent) => void
  readonly onBack: () => void
}): JSX.Element {
  const { name, snapshot, onIntent, onBack } = props
  const heading = useRef<HTMLHeadingElement>(null)
  useLayoutEffect(() => heading.current?.focus(), [name])
  useKey('Escape', onBack)
  const service = snapshot.services.find((candidate) => candidate.name === name)
  return (
    <>
      <a class="back" href="#/">
        <Icon name="back" />
        All services
      </a>
      <div class="detail-head">
        <h2 ref={heading} tabIndex={-1}>
          {name}
        </h2>
        {service !== undefined && (
          <>
            <StatePill state={stateOf(service)} />
            <Critical critical={service.critical} />
            <ActionButtons
              actions={actionsFor(service)}
              service={name}
              readOnly={snapshot.readOnly}
              onIntent={onIntent}
            />
          </>
        )}
      </div>
      {service === undefined ? (
        <Notice icon="none" title="No such service">
          <p>This process has no service of that name. It may have been removed.</p>
        </Notice>
      ) : (
        <Panels service={service} snapshot={snapshot} />
      )}
    </>
  )
}

function Panels(props: { readonly service: ServiceView; readonly snapshot: Snapshot }): JSX.Element {
  const { service, snapshot } = props
  const detail = useDetail(service, snapshot.instance.id)
  return (
    <div class="detail">
      <div class="detail-main">
        <Traffic service={service} />
        <FleetPanel snapshot={snapshot} of={service.name} />
        {detail !== undefined && <Methods methods={detail.methods} />}
        <Panel id="events" title="Timeline">
          <Timeline events={detail?.events ?? []} of={service.name} />
        </Panel>
      </div>
      <div class="detail-side">
        <Standing service={service} fleet={snapshot.fleet} />
        {detail !== undefined && <Settings settings={detail.settings} />}
      </div>
    </div>
  )
}

/** Asked for anew whenever the snapshot says something else of the service; the last answer stays meanwhile. */
function useDetail(service: ServiceView, instance: string): ServiceDetail | undefined {
  const [detail, setDetail] = useState<ServiceDetail>()
  useEffect(() => {
    const controller = new AbortController()
    void loadDetail(service.name, instance, controller.signal).then((answer) => {
      if (!controller.signal.aborted && answer !== undefined) setDetail(answer)
    })
    return () => controller.abort()
  }, [service])
  return detail?.name === service.name ? detail : undefined
}
