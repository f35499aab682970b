import { Ledger } from './ledger.ts'
import type { Answer, Side } from './ledger.ts'

interface Sent {
  readonly path: string
  /** Undefined: it is a GET request. */
  readonly command?: object
}

/** The header in which a process of a fleet sends its name. */
export const PROCESS_HEADER = 'x-process'

/** The response to one request. */
export interface Reply extends Pick<Answer, 'status' | 'retryAfter' | 'lastKnown'> {
  /** The process of a fleet that answered. */
  readonly process: string | undefined
}

/** Requests that are sent at a steady rate. */
export interface Rhythm {
  /** Time between two requests to the same side, in milliseconds. */
  readonly everyMs: number
  /** The request to send, by its index. */
  readonly request: (index: number) => Sent
}

const PREFIXES: Readonly<Record<Side, string>> = { standard: '/standard', proxied: '' }
/** How long a client waits, in milliseconds. */
const CLIENT_TIMEOUT_MS = 30_000
const VEHICLE_COUNT = 12

/** Three single vehicles, then the list. */
export const READS: Rhythm = {
  everyMs: 50,
  request: (index) => ({ path: index % 4 === 3 ? '/entities' : vehiclePath(index) }),
}

/** Commands to one vehicle after the other. */
export const COMMANDS: Rhythm = {
  everyMs: 250,
  request: (index) => ({
    path: `${vehiclePath(index)}/commands`,
    command: { type: index % 2 === 0 ? 'lock' : 'unlock' },
  }),
}

/** Sends the same requests to both sides over HTTP, at a steady rate, without waiting for earlier responses. */
export class Traffic {
  readonly ledgers: Readonly<Record<Side, Ledger>> = { standard: new Ledger(), proxied: new Ledger() }
  readonly #baseUrl: string
  readonly #rhythm: Rhythm
  readonly #listeners = new Set<(answer: Answer) => void>()
  readonly #underWay = new Set<Promise<void>>()
  #timer: NodeJS.Timeout | undefined
  #sentCount = 0

  constructor(baseUrl: string, rhythm: Rhythm) {
    this.#baseUrl = baseUrl
    this.#rhythm = rhythm
  }

  start(): void {
    this.#sendToBoth()
    this.#timer = setInterval(() => this.#sendToBoth(), this.#rhythm.everyMs)
  }

  /** Stops sending; resolves when everything was answered. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await Promise.all(this.#underWay)
  }

  /** Calls `listener` for each response from now on. */
  onAnswer(listener: (answer: Answer) => void): void {
    this.#listeners.add(listener)
  }

  /** Resolves with the first response from now on for which `wanted` returns true. */
  next(wanted: (answer: Answer) => boolean): Promise<Answer> {
    return new Promise((resolve) => {
      const listener = (answer: Answer): void => {
        if (!wanted(answer)) return
        this.#listeners.delete(listener)
        resolve(answer)
      }
      this.onAnswer(listener)
    })
  }

  #sendToBoth(): void {
    const sent = this.#rhythm.request(this.#sentCount++)
    for (const side of ['standard', 'proxied'] as const) {
      const request = this.#send(side, sent).finally(() => this.#underWay.delete(request))
      this.#underWay.add(request)
    }
  }

  async #send(side: Side, { path, command }: Sent): Promise<void> {
    const startedAt = performance.now()
    const answered = this.ledgers[side].begin(startedAt)
    const url = `${this.#baseUrl}${PREFIXES[side]}${path}`
    const { status, retryAfter, lastKnown } = await fetchReply(url, command === undefined ? {} : posted(command, side))
    const answer: Answer = { side, path, status, retryAfter, lastKnown, durationMs: performance.now() - startedAt }
    answered(answer)
    for (const listener of this.#listeners) listener(answer)
  }
}

function vehiclePath(index: number): string {
  return `/entities/veh-${String(1 + (index % VEHICLE_COUNT)).padStart(3, '0')}`
}

/** A command with the side as its actor, so that the audit trail shows it. */
function posted(command: object, side: Side): RequestInit {
  const headers = { 'Content-Type': 'application/json', 'X-Actor': side }
  return { method: 'POST', headers, body: JSON.stringify(command) }
}

/** The parts of a response that a story counts. */
export async function fetchReply(url: string, request: RequestInit): Promise<Reply> {
  try {
    const response = await fetch(url, { ...request, signal: AbortSignal.timeout(CLIENT_TIMEOUT_MS) })
    const text = await response.text()
    return {
      status: response.status,
      retryAfter: response.headers.get('retry-after') ?? undefined,
      lastKnown: text.includes('"source":"last known"'),
      process: response.headers.get(PROCESS_HEADER) ?? undefined,
    }
  } catch {
    return { status: 0, retryAfter: undefined, lastKnown: false, process: undefined }
  }
}
