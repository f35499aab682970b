import type { Fleet } from './fleet-answer.ts'
import { fleetHeadLines } from './fleet-lines.ts'
import { countsText, fleetRows, namesText } from './fleet-rows.ts'
import { memberNames } from './member-names.ts'
import { plainText } from './plain-text.ts'
import type { Window } from './terminal.ts'

/**
 * What is new in a fleet, one change per line: the state of the process in its fleet, the live members, and services
 * whose state has changed. Nothing that changes all the time, such as counts of failures.
 * @param now by the clock of the server, in milliseconds since the epoch
 */
export function fleetChanges(before: Fleet | undefined, fleet: Fleet, now: number, { paint }: Window): string[] {
  const isSame = before !== undefined && membership(before) === membership(fleet)
  const head = isSame ? [] : fleetHeadLines(fleet, now, { width: Infinity, paint })
  const known = before === undefined ? new Map<string, string>() : summaries(before)
  const found = summaries(fleet)
  const changed = [...new Set([...known.keys(), ...found.keys()])]
    .filter((service) => known.get(service) !== found.get(service))
    .map((service) => `${plainText(service)}  in the fleet: ${found.get(service) ?? 'healthy'}`)
  return [...head, ...changed]
}

function membership({ state, members }: Fleet): string {
  return [state, ...members.map(({ id }) => id)].join(' ')
}

/** By service; only services that are not entirely healthy. */
function summaries(fleet: Fleet): ReadonlyMap<string, string> {
  const names = memberNames(fleet)
  return new Map(
    fleetRows(fleet, []).map((row) => {
      const shared = row.shared?.state === 'open' ? 'shared circuit open' : ''
      const parts = [shared, countsText(row), namesText(row, names)]
      return [row.service, parts.filter((part) => part !== '').join('; ')]
    }),
  )
}
