import { NONE, STATES } from './circuit-cells.ts'
import type { Fleet, Member, Report } from './fleet-answer.ts'
import { countsText, type FleetRow, namesText, reportOf, reportText } from './fleet-rows.ts'
import { memberNames } from './member-names.ts'
import { plainText } from './plain-text.ts'
import { countText, spanText, untilText } from './quantities.ts'
import { type Cell, type Column, tableLines, tableWidth } from './table.ts'
import type { Style, Window } from './terminal.ts'

const LAST_SEEN = Symbol('last seen')
type Row = FleetRow | typeof LAST_SEEN

/** Names of processes, by id. */
type Names = ReadonlyMap<string, string>

/** More processes are counted instead, however wide the window is. */
const MOST_COLUMNS = 12

const STYLES: Readonly<Record<Report['state'], Style>> = {
  open: STATES.open.style,
  isolated: STATES.isolated.style,
  half_open: STATES.half_open.style,
  closed: 'yellow',
  disabled: 'dim',
}

/**
 * A column per process; if these do not fit, how many processes are in which state.
 * @param now by the clock of the server, in milliseconds since the epoch
 */
export function fleetTable(fleet: Fleet, rows: readonly FleetRow[], now: number, window: Window): string[] {
  const { members } = fleet
  const names = memberNames(fleet)
  const left = leftColumns(names, now)
  const columns = [...left, ...members.map((member) => memberColumn(member, names, now))]
  const withSeen = [LAST_SEEN, ...rows] as const
  const fits = members.length <= MOST_COLUMNS && tableWidth<Row>(columns, withSeen) <= window.width
  if (fits) return tableLines<Row>(columns, withSeen, window)
  return tableLines<FleetRow>([...left, ...countColumns(names)], rows, window)
}

function leftColumns(names: Names, now: number): readonly Column<Row>[] {
  return [
    { title: 'service', align: 'left', rank: 0, minWidth: 9, maxWidth: 32, cell: nameCell },
    {
      title: 'shared circuit',
      align: 'left',
      rank: 2,
      minWidth: 20,
      maxWidth: 40,
      cell: (row) => (row === LAST_SEEN ? { text: '' } : sharedCell(row, names, now)),
    },
  ]
}

function memberColumn(member: Member, names: Names, now: number): Column<Row> {
  const seen: Cell = { text: spanText(now - Date.parse(member.seenAt)), style: 'dim' }
  return {
    title: names.get(member.id) ?? '',
    align: 'left',
    rank: 1,
    minWidth: 11,
    cell: (row) => (row === LAST_SEEN ? seen : reportCell(reportOf(member, row.service))),
  }
}

function countColumns(names: Names): readonly Column<FleetRow>[] {
  return [
    { title: 'processes', align: 'left', rank: 1, cell: countsCell },
    {
      title: 'which',
      align: 'left',
      rank: 3,
      minWidth: 12,
      flexible: true,
      cell: (row) => ({ text: namesText(row, names) }),
    },
  ]
}

/** In the colour of the worst state. */
function countsCell(row: FleetRow): Cell {
  const [worst] = row.groups
  return worst === undefined ? NONE : { text: countsText(row), style: STYLES[worst.state] }
}

function nameCell(row: Row): Cell {
  return row === LAST_SEEN ? { text: 'last seen', style: 'dim' } : { text: plainText(row.service) }
}

/** The shared circuit: its state, when the next probe may be, which member probes. */
function sharedCell({ shared }: FleetRow, names: Names, now: number): Cell {
  if (shared === undefined) return NONE
  const { state, retryAt, probe } = shared
  if (state === 'closed') return STATES.closed
  if (probe !== null) {
    return { text: `◐ ${names.get(probe.member) ?? 'another process'} probes`, style: STATES.half_open.style }
  }
  const isDue = retryAt === null || Date.parse(retryAt) <= now
  return {
    text: `${STATES.open.text}, probe ${isDue ? 'due' : `in ${untilText(retryAt, now)}`}`,
    style: STATES.open.style,
  }
}

function reportCell(report: Report | undefined): Cell {
  if (report === undefined) return NONE
  const { state, failures } = report
  const style = STYLES[state]
  if (state === 'closed') return { text: `● ${reportText(state)} ${countText(failures)}`, style }
  return state === 'disabled' ? { text: '– disabled', style } : { text: STATES[state].text, style }
}
