import type { ProcessState, ServiceRow } from './answers.ts'
import { stateText } from './circuit-words.ts'
import { type KnownEvent, knownEvents } from './event-answers.ts'
import { fleetLines } from './fleet-lines.ts'
import { cutTo, plainText } from './plain-text.ts'
import { spanText, timeText } from './quantities.ts'
import { serviceColumns } from './service-columns.ts'
import { tableLines } from './table.ts'
import type { Style, Window } from './terminal.ts'

const LEVELS: Readonly<Record<ProcessState['status'], Style>> = { pass: 'green', warn: 'yellow', fail: 'red' }

/** A process in one line, its services, then its fleet. @param now by its clock, in milliseconds since the epoch */
export function statusLines(state: ProcessState, now: number, window: Window): string[] {
  const { fleet, services } = state
  const ofFleet = fleet ? ['', ...fleetLines(fleet, services, now, window)] : []
  return [headLine(state, now, window), ...serviceLines(services, now, window), ...ofFleet]
}

/**
 * The status of a process, and which process it is: behind a load balancer, the next answer may come from another one.
 */
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

/** An event in one line: time, service, what happened. */
export function eventText(event: KnownEvent): string {
  const service = event.service === null ? 'all services' : plainText(event.service)
  return `${timeText(Date.parse(event.at))}  ${service}  ${whatHappened(event)}`
}

function whatHappened(event: KnownEvent): string {
  switch (event.type) {
    case 'circuit':
      return circuitChange(event)
    case 'health':
      return `health check: ${event.healthy ? 'healthy' : 'unhealthy'}`
    case 'invalidate':
      return `cache invalidated${byFleet(event)}`
    case 'expire':
      return `cache expired${byFleet(event)}`
    case 'retry-denied':
      return 'retry budget used up'
    case 'stop':
      return 'stopped'
    case 'audit':
      return auditText(event)
  }
}

type EventOf<T extends KnownEvent['type']> = Extract<KnownEvent, { readonly type: T }>

function auditText({ action, scope, actor }: EventOf<'audit'>): string {
  const where = scope === 'fleet' ? ' in the whole fleet' : ''
  return plainText(`${action}${where} by ${actor ?? 'an operator without a name'}`)
}

/** Changes by operators have their own event, and changes by the process itself are the normal case. */
function byFleet({ cause }: { readonly cause?: string | undefined }): string {
  return cause === 'fleet' ? ' by the fleet' : ''
}

/** An isolation takes effect even if the circuit only observes. */
function circuitChange(event: EventOf<'circuit'>): string {
  const { from, to, observed } = event
  const change = `${stateText(from)} → ${stateText(to)}`
  const holds = !observed || from === 'isolated' || to === 'isolated'
  return holds ? `circuit ${change}${byFleet(event)}` : `circuit would go ${change} (only observes)`
}
