import type { FleetCircuitView, FleetMemberView, FleetView } from '@svcproxy/http'
import type { JSX } from 'preact'
import { commonStart, type FleetCell, type FleetRow, proberOf } from '../fleet.ts'
import { fragmentOf } from '../route.ts'
import { useMedia } from '../use-media.ts'
import { Under } from './fact.tsx'
import { Icon } from './icons.tsx'
import { StatePill } from './pills.tsx'
import { Countdown, Seen } from './time.tsx'

/** With more processes, or little room, states are shown as icons only. */
const MOST_WITH_WORDS = 8
/** In pixels: the least width of a column, of words and of pictures, and of the first. */
const [WORDS_WIDTH, PICTURES_WIDTH, FIRST_WIDTH] = [104, 56, 250]

/** A row for each service, a column for each process. */
export function FleetTable(props: { readonly rows: readonly FleetRow[]; readonly fleet: FleetView }): JSX.Element {
  const { rows, fleet } = props
  const { members } = fleet
  const isDense = useMedia('(max-width: 760px)') || members.length > MOST_WITH_WORDS
  const start = commonStart(members.map(({ label }) => label))
  const minWidth = FIRST_WIDTH + members.length * (isDense ? PICTURES_WIDTH : WORDS_WIDTH)
  return (
    <>
      <div class="fleet-scroll" role="region" aria-labelledby="by-process" tabIndex={0}>
        <table class={`fleet ${isDense ? 'fleet-dense' : ''}`} style={{ minWidth: `${minWidth}px` }}>
          <caption id="by-process" class="unseen">
            Circuits by process
          </caption>
          <thead>
            <tr>
              <th scope="col">
                Service
                {start !== '' && <Under>{start}…</Under>}
              </th>
              {members.map((member) => (
                <Head key={member.id} member={member} start={start} isSelf={member.id === fleet.member} />
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <Row key={row.service} row={row} fleet={fleet} />
            ))}
          </tbody>
        </table>
      </div>
      {LEGEND}
    </>
  )
}

function Head(props: {
  readonly member: FleetMemberView
  /** Of the label, said elsewhere. */
  readonly start: string
  readonly isSelf: boolean
}): JSX.Element {
  const { member, start, isSelf } = props
  return (
    <th scope="col" class={isSelf ? 'fleet-self' : ''} title={member.label}>
      {member.label.slice(start.length)}
      {isSelf && <b class="under">here</b>}
      <Under>
        <Seen at={member.seenAt} />
      </Under>
    </th>
  )
}

function Row({ row, fleet }: { readonly row: FleetRow; readonly fleet: FleetView }): JSX.Element {
  const { service, isHere, circuit, cells, summary } = row
  return (
    <tr class={summary === null ? '' : `unwell tone-${summary.tone}`}>
      <th scope="row">
        <a class="entry-service" {...(isHere && { href: fragmentOf(service) })}>
          {service}
        </a>
        {summary !== null && (
          <Under>
            <span class="toned">{summary.words}</span>
          </Under>
        )}
        {circuit?.state === 'open' && (
          <Under>
            fleet: open, <Probe circuit={circuit} fleet={fleet} />
          </Under>
        )}
      </th>
      {cells.map((cell, index) => {
        const member = fleet.members[index]?.id
        return (
          <td key={member} class={member === fleet.member ? 'fleet-self' : ''}>
            <Cell cell={cell} />
          </td>
        )
      })}
    </tr>
  )
}

/** Of an open circuit of the fleet: when it is tried, or by whom. */
function Probe(props: { readonly circuit: FleetCircuitView; readonly fleet: FleetView }): JSX.Element | null {
  const { service, probe, retryAt } = props.circuit
  if (probe !== null) return <>{proberOf(props.fleet, service)} probes</>
  return retryAt === null ? null : <Countdown to={retryAt} what="probe" due="probe is due" />
}

function Cell({ cell }: { readonly cell: FleetCell | null }): JSX.Element {
  if (cell === null) {
    return (
      <>
        <span aria-hidden="true">·</span>
        <span class="unseen">nothing to report</span>
      </>
    )
  }
  const { state, failures } = cell
  if (failures === 0) return <StatePill state={state} />
  return (
    <span class="pill tone-warn">
      <Icon name="unhealthy" />
      {failures} <span>{failures === 1 ? 'failure' : 'failures'}</span>
    </span>
  )
}

const LEGEND = (
  <ul class="fleet-legend">
    {(['open', 'isolated', 'half_open'] as const).map((state) => (
      <li key={state}>
        <StatePill state={state} />
      </li>
    ))}
    <li>
      <span class="pill tone-warn">
        <Icon name="unhealthy" />
        failures in a row
      </span>
    </li>
    <li>· nothing to report</li>
  </ul>
)
