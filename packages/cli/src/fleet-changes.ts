import type { Fleet } from './fleet-answer.ts'
import { fleetHeadLines } from './fleet-lines.ts'
import { countsText, fleetRows, namesText } from './fleet-rows.ts'
import { memberNames } from './member-names.ts'
import { plainText } from './plain-text.ts'
import type { Window } from './terminal.ts'

/**
 * What is new in a fleet, one thing a line: where the process stands in it and who lives, and which service does otherwise
 * than before. Nothing that changes each time, as counts of failures do.
 * @param now by the clock of whoever answered, in milliseconds since the epoch
 */
export function fleetChanges(before: Fleet | undefined, fleet: Fleet, now: number, { paint }: Window): string[] {
  const isSame = before !== undefined && membership(before) === membership(fleet)
  const head = isSame ? [] : fleetHeadLines(fleet, now, { width: Infinity, paint })
  const known = before === undefined ? new Map<string, string>() : summaries(before)
  const found = summaries(fleet)
  const changed = [...new Set([...known.keys(), ...found.keys()])]
    .filter((service) => known.get(service) !== found.get(service))
    .map((service) => `${plainText(service)}  in the fleet: ${found.get(service) ?? 'well'}`)
  return [...head, ...changed]
}

function membership({ state, members }: Fleet): string {
  return [state, ...members.map(({ id }) => id)].join(' ')
}

/** By service; of those that are not simply well. */
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
