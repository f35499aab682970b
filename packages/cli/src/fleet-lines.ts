import type { ServiceRow } from './answers.ts'
import type { Fleet } from './fleet-answer.ts'
import { fleetRows } from './fleet-rows.ts'
import { fleetTable } from './fleet-table.ts'
import { cutTo, plainText, widthOf } from './plain-text.ts'
import { countText, spanText } from './quantities.ts'
import { failureText } from './service-columns.ts'
import type { Style, Window } from './terminal.ts'

const TITLE = 'FLEET'
const MARGIN = '  '

const STYLES: Readonly<Record<Fleet['state'], Style>> = {
  connecting: 'yellow',
  connected: 'green',
  degraded: 'yellow',
  left: 'dim',
}

/**
 * The fleet of a process, then the services that are not entirely healthy in it.
 * @param now by the clock of the process, in milliseconds since the epoch
 */
export function fleetLines(
  fleet: Fleet,
  services: readonly Pick<ServiceRow, 'name'>[],
  now: number,
  window: Window,
): string[] {
  const head = fleetHeadLines(fleet, now, window)
  if (fleet.state === 'left') return head
  const order = services.map(({ name }) => name)
  const rows = fleetRows(fleet, order)
  const below = rows.length === 0 ? [cutTo(wellText(fleet), window.width)] : fleetTable(fleet, rows, now, window)
  return [...head, ...errorLines(fleet, window), ...below]
}

/** The state of a process in its fleet: one line, or more in a narrow window. @param now as for {@link fleetLines} */
export function fleetHeadLines(fleet: Fleet, now: number, { width, paint }: Window): string[] {
  const { namespace, queuedInvalidations, counts } = fleet
  const parts = [
    plainText(namespace),
    stateSince(fleet, now),
    membersText(fleet, now),
    counted(queuedInvalidations, 'queued invalidation'),
    counted(counts.missedHints, 'missed hint'),
    counted(counts.resyncs, 'resync'),
  ]
  const [first = '', ...others] = wrapped(parts, width - TITLE.length - MARGIN.length)
  const indent = ' '.repeat(TITLE.length)
  return [`${paint(STYLES[fleet.state], TITLE)}${MARGIN}${first}`, ...others.map((line) => `${indent}${MARGIN}${line}`)]
}

function stateSince({ state, since }: Fleet, now: number): string {
  const span = spanText(now - Date.parse(since))
  return state === 'left' ? `left ${span} ago` : `${state} for ${span}`
}

/** How many processes are alive, and how old the oldest of their heartbeats is. */
function membersText({ members }: Fleet, now: number): string {
  const count = counted(members.length, 'process', 'processes')
  if (members.length === 0) return count
  const oldest = Math.max(...members.map(({ seenAt }) => now - Date.parse(seenAt)))
  return `${count}, seen within ${spanText(Math.max(1_000, Math.ceil(oldest / 1_000) * 1_000))}`
}

/** The processes only report their circuits. */
function wellText({ members, state }: Fleet): string {
  if (members.length === 0) return 'Nothing is known about its processes yet.'
  return state === 'connected'
    ? 'No process reports a problem.'
    : 'No process reported a problem when the fleet was last heard.'
}

/** Why it is disconnected from the others. */
function errorLines({ state, lastError }: Fleet, { width }: Window): string[] {
  if (state === 'connected' || lastError === null) return []
  return [cutTo(`last error of the store: ${failureText({ ...lastError, cause: null })}`, width)]
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`
}

/** Joined as far as they fit; the rest goes on new lines. */
function wrapped(parts: readonly string[], width: number): string[] {
  const lines: string[] = []
  for (const part of parts) {
    const longer = lines.length === 0 ? part : `${lines.at(-1)} · ${part}`
    if (lines.length > 0 && widthOf(longer) <= width) lines[lines.length - 1] = longer
    else lines.push(cutTo(part, width))
  }
  return lines
}
