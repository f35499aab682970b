import type { TimelineEvent } from '@svcproxy/http'
import { knownEvents, type ProcessState, type ServiceRow } from './answers.ts'
import { stateText } from './circuit-words.ts'
import { cutTo, plainText } from './plain-text.ts'
import { spanText, timeText } from './quantities.ts'
import { serviceColumns } from './service-columns.ts'
import { tableLines } from './table.ts'
import type { Style, Terminal } from './terminal.ts'

/** What a window needs to know to be written to. */
export type Window = Pick<Terminal, 'width' | 'paint'>

const LEVELS: Readonly<Record<ProcessState['status'], Style>> = { pass: 'green', warn: 'yellow', fail: 'red' }

/** The process in a line, then its services. @param now by its clock, in milliseconds since the epoch */
export function statusLines(state: ProcessState, now: number, window: Window): string[] {
  return [headLine(state, now, window), ...serviceLines(state.services, now, window)]
}

/** How a process does, and which one it is: behind a load balancer, it may be another one the next time. */
export function headLine(state: ProcessState, now: number, { width, paint }: Window): string {
  const { status, instance, readOnly, stopping } = state
  const parts = [
    plainText(instance.environment ?? ''),
    `instance ${plainText(instance.id)}`,
    `up ${spanText(now - Date.parse(instance.startedAt))}`,
    readOnly ? 'read-only' : '',
    stopping ? 'stopping' : '',
  ].filter((part) => part !== '')
  const rest = cutTo(`  ${parts.join(' · ')}`, width - status.length)
  return paint(LEVELS[status], status.toUpperCase()) + rest
}

export function serviceLines(services: readonly ServiceRow[], now: number, window: Window): string[] {
  return services.length === 0
    ? ['There are no services.']
    : tableLines(serviceColumns(services, now), services, window)
}

/** The newest of the events, oldest first. */
export function eventLines(events: readonly unknown[], most: number, { width }: Pick<Window, 'width'>): string[] {
  return knownEvents(events)
    .slice(-most)
    .map((event) => cutTo(eventText(event), width))
}

/** An event in a line: when, of which service, what. */
export function eventText(event: TimelineEvent): string {
  const service = event.service === null ? 'all services' : plainText(event.service)
  return `${timeText(Date.parse(event.at))}  ${service}  ${whatHappened(event)}`
}

function whatHappened(event: TimelineEvent): string {
  switch (event.type) {
    case 'circuit':
      return circuitChange(event)
    case 'health':
      return `health check: ${event.healthy ? 'well' : 'unwell'}`
    case 'invalidate':
      return 'cache invalidated'
    case 'expire':
      return 'cache expired'
    case 'retry-denied':
      return 'retry budget used up'
    case 'stop':
      return 'stopped'
    case 'audit':
      return plainText(`${event.action} by ${event.actor ?? 'an operator without a name'}`)
  }
}

/** An isolation holds, also where the circuit only observes. */
function circuitChange({ from, to, observed }: Extract<TimelineEvent, { readonly type: 'circuit' }>): string {
  const change = `${stateText(from)} → ${stateText(to)}`
  const holds = !observed || from === 'isolated' || to === 'isolated'
  return holds ? `circuit ${change}` : `circuit would go ${change}; it only observes`
}
