import type { ProcessState } from './answers.ts'
import { knownEvents } from './answers.ts'
import type { Watched } from './watched.ts'
import { liveDisplay } from './live-display.ts'
import { cutTo, plainJson, plainText } from './plain-text.ts'
import { spanText, timeText } from './quantities.ts'
import { eventLines, eventText, headLine, statusLines } from './status-lines.ts'
import type { Terminal } from './terminal.ts'

/** How what is watched is shown. */
export interface WatchView {
  show(watched: Watched): void
  end(): void
}

const EVENTS_BELOW = 5

/** The table, printed over itself, with the newest events below it. */
export function liveView(terminal: Terminal): WatchView {
  const display = liveDisplay(terminal)
  return {
    show: (watched) => display.show(screenOf(watched, terminal)),
    end: () => display.end(),
  }
}

function screenOf({ latest, receivedAt, stale }: Watched, terminal: Terminal): string[] {
  const { paint, width } = terminal
  const now = terminal.now()
  const warning = stale && [
    paint('red', cutTo(`stale since ${timeText(stale.since)} (${spanText(now - stale.since)})`, width)),
    cutTo(plainText(stale.reason), width),
  ]
  if (latest === undefined) return [...(warning ?? []), cutTo('Trying again; Ctrl-C ends it.', width)]
  // The clocks differ: time goes on from when the answer was made, and stands still while nothing is known.
  const passed = (stale?.since ?? now) - receivedAt
  const lines = statusLines(latest.value, latest.at + passed, terminal)
  const events = eventLines(latest.value.events, EVENTS_BELOW, terminal)
  return [...(warning ?? []), ...lines, ...(events.length > 0 ? ['', ...events] : [])]
}

/** One JSON document a line, for each answer that differs from the one before. */
export function jsonView(terminal: Terminal): WatchView {
  const remarks = staleRemarks((sentence) => terminal.remark(sentence))
  return {
    show(watched) {
      remarks(watched)
      if (watched.changed) terminal.print(plainJson(JSON.stringify(watched.latest?.json)))
    },
    end: () => undefined,
  }
}

/** A line for how things are, then one for each change. */
export function changeView(terminal: Terminal): WatchView {
  const remarks = staleRemarks((sentence) => terminal.print(`${timeText(terminal.now())}  ${plainText(sentence)}`))
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
  return isLevelSame ? events : [...events, `${timeText(at)}  ${headLine(now, at, terminal)}`]
}

function lastIdOf({ events }: ProcessState): number {
  return Math.max(0, ...knownEvents(events).map(({ id }) => id))
}

/** Tells once that there is no answer, and once that there is one again. */
function staleRemarks(tell: (sentence: string) => void): (watched: Watched) => void {
  let wasStale = false
  return ({ stale }) => {
    if (stale !== undefined && !wasStale) tell(`stale since ${timeText(stale.since)}: ${stale.reason} Trying again.`)
    if (stale === undefined && wasStale) tell('There is an answer again.')
    wasStale = stale !== undefined
  }
}
