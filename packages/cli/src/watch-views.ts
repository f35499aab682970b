import type { ProcessState } from './answers.ts'
import { knownEvents } from './event-answers.ts'
import { fleetChanges } from './fleet-changes.ts'
import { liveDisplay } from './live-display.ts'
import { cutTo, plainJson, plainText } from './plain-text.ts'
import { countText, spanText, timeText } from './quantities.ts'
import { eventLines, eventText, headLine, statusLines } from './status-lines.ts'
import type { Terminal } from './terminal.ts'
import type { Watched } from './watched.ts'

/** How a watch is displayed. */
export interface WatchView {
  show(watched: Watched): void
  end(): void
}

const EVENTS_BELOW = 5

/** The table, overwritten each time, with the newest events below it. */
export function liveView(terminal: Terminal): WatchView {
  const display = liveDisplay(terminal)
  return {
    show: (watched) => display.show(screenOf(watched, terminal)),
    end: () => display.end(),
  }
}

function screenOf(watched: Watched, terminal: Terminal): string[] {
  const { latest, receivedAt, stale } = watched
  const { paint, width } = terminal
  const now = terminal.now()
  const warning = stale && [
    paint('red', cutTo(`stale since ${timeText(stale.since)} (${spanText(now - stale.since)})`, width)),
    cutTo(plainText(stale.reason), width),
  ]
  if (latest === undefined) return [...(warning ?? []), cutTo('Retrying; press Ctrl-C to end.', width)]
  // The clocks differ: time counts from when the response was made, and stands still while there is no answer.
  const passed = (stale?.since ?? now) - receivedAt
  const others = othersText(watched)
  const head = [...(warning ?? []), ...(others === undefined ? [] : [cutTo(others, width)])]
  const lines = statusLines(latest.value, latest.at + passed, terminal)
  const events = eventLines(latest.value.events, EVENTS_BELOW, terminal)
  return [...head, ...lines, ...(events.length > 0 ? ['', ...events] : [])]
}

/** One JSON document per line, for each answer that differs from the one before. */
export function jsonView(terminal: Terminal): WatchView {
  const remarks = remarksOf((sentence) => terminal.remark(sentence))
  return {
    show(watched) {
      remarks(watched)
      if (watched.changed) terminal.print(plainJson(JSON.stringify(watched.latest?.json)))
    },
    end: () => undefined,
  }
}

/** A line for the current state, then one for each change. */
export function changeView(terminal: Terminal): WatchView {
  const remarks = remarksOf((sentence) => terminal.print(`${timeText(terminal.now())}  ${plainText(sentence)}`))
  let shown: ProcessState | undefined
  return {
    show(watched) {
      remarks(watched)
      if (!watched.changed || watched.latest === undefined) return
      const { value, at } = watched.latest
      for (const line of changeLines(shown, value, at, terminal)) terminal.print(line)
      shown = value
    },
    end: () => undefined,
  }
}

function changeLines(before: ProcessState | undefined, now: ProcessState, at: number, terminal: Terminal): string[] {
  const isSame = before !== undefined && before.instance.id === now.instance.id
  const known = isSame ? lastIdOf(before) : lastIdOf(now)
  const events = knownEvents(now.events)
    .filter(({ id }) => id > known)
    .map(eventText)
  const isLevelSame = isSame && before.status === now.status && before.stopping === now.stopping
  const head = isLevelSame ? [] : [headLine(now, at, terminal)]
  const { fleet } = now
  const ofFleet = fleet ? fleetChanges(before?.fleet ?? undefined, fleet, at, terminal) : []
  return [...events, ...[...head, ...ofFleet].map((line) => `${timeText(at)}  ${line}`)]
}

function lastIdOf({ events }: ProcessState): number {
  return Math.max(0, ...knownEvents(events).map(({ id }) => id))
}

/** If several processes answer and share nothing, this shows only one of them. Undefined: there is nothing to say. */
function othersText({ latest, others }: Watched): string | undefined {
  if (latest === undefined || latest.value.fleet || others === 0) return undefined
  return `Answers come from ${countText(others + 1)} processes: this shows ${plainText(latest.value.instance.id)}.`
}

/** Says once that there is no answer, once that there is one again, and once that other processes answer as well. */
function remarksOf(tell: (sentence: string) => void): (watched: Watched) => void {
  let wasStale = false
  let toldOf: string | undefined
  return (watched) => {
    const { stale, latest } = watched
    if (stale !== undefined && !wasStale) tell(`stale since ${timeText(stale.since)}: ${stale.reason} Retrying.`)
    if (stale === undefined && wasStale) tell('Connected again.')
    wasStale = stale !== undefined
    const others = othersText(watched)
    const shown = latest?.value.instance.id
    if (others === undefined || toldOf === shown) return
    toldOf = shown
    tell(others)
  }
}
