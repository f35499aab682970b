import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { now } from '../clock.ts'
import type { Crew } from '../crew.ts'
import type { Behaviour, Entry, MemberSettings } from '../member/orders.ts'

/** How often each process calls, in milliseconds. */
export const EVERY_MS = 10
/** What is agreed on for all processes begins so much later, in milliseconds: all have been told by then. */
const AHEAD_MS = 100
/** How long the processes call a service that is well, before anything is measured, in milliseconds. */
const WARM_UP_MS = 600

/** An event, and in which process. */
export interface PlacedEntry extends Entry {
  readonly process: number
}

/** One process of a fleet like the others; another fleet each time. Its service has a circuit, which the fleet shares. */
export function settingsOf(url: string | undefined, more: Partial<MemberSettings> = {}): MemberSettings {
  return {
    fleet: url === undefined ? undefined : { url, namespace: `bench-${randomUUID()}` },
    services: ['desk'],
    hasCircuits: true,
    recoveryTimeoutMs: 30_000,
    timeoutMs: 1_000,
    answersAfterMs: 5,
    ...more,
  }
}

/** Each process calls at this pace, in turn. @returns from when on */
export async function startLoad(crew: Crew, everyMs: number = EVERY_MS, recordsLatencies = false): Promise<number> {
  const from = now() + AHEAD_MS
  const share = everyMs / crew.hands.length
  await crew.all('load', (index) => [{ everyMs, from: from + index * share, recordsLatencies }])
  return from
}

/** All join, and call for a while. @returns since when */
export async function joinAndLoad(crew: Crew, settings: MemberSettings): Promise<number> {
  await crew.all('join', () => [settings])
  const from = await startLoad(crew)
  await wait(AHEAD_MS + WARM_UP_MS)
  return from
}

/** The service does this in all processes from the same moment on, which is returned. */
export async function behave(crew: Crew, manner: Behaviour['manner']): Promise<number> {
  const from = now() + AHEAD_MS
  await crew.all('behave', () => [{ manner, from }])
  return from
}

/** What happened in all processes, in its order. */
export async function logOf(crew: Crew): Promise<PlacedEntry[]> {
  const logs = await crew.all('takeLog', () => [])
  return logs
    .flatMap((log, process) => log.map((entry) => ({ ...entry, process })))
    .toSorted((one, other) => one.at - other.at)
}

/** When what is waited for is so, by the clock of the machine; undefined when it was not within the time. */
export async function whenSo(limitMs: number, isSo: () => Promise<boolean>): Promise<number | undefined> {
  const until = now() + limitMs
  while (now() < until) {
    if (await isSo()) return now()
    await wait(10)
  }
  return undefined
}
