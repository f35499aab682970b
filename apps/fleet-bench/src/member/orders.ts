/** How a process begins: what it offers, and which fleet it joins. */
export interface MemberSettings {
  /** Undefined: it joins none, and its circuits are its own. */
  readonly fleet?: { readonly url: string; readonly namespace: string } | undefined
  /** The names of its services. */
  readonly services: readonly string[]
  /** They have circuits, which the fleet shares if there is one. */
  readonly hasCircuits: boolean
  readonly recoveryTimeoutMs: number
  readonly timeoutMs: number
  /** How long an answer takes, in milliseconds; 0: none at all. */
  readonly answersAfterMs: number
}

/** How often it calls, from when on. */
export interface Pace {
  readonly everyMs: number
  /** By the clock of the machine. */
  readonly from: number
  readonly recordsLatencies: boolean
}

/** How calls ended. */
export interface CallCounts {
  readonly calls: number
  /** Its service failed, or something else went wrong. */
  readonly failed: number
  /** Its circuit was open. */
  readonly refused: number
  /** How long each call took, in milliseconds, if that was to be recorded. */
  readonly latencies: Float64Array
}

/** What its services do to a call. */
export interface Behaviour {
  readonly manner: 'answer' | 'fail' | 'hang'
  /** By the clock of the machine. */
  readonly from: number
}

/** What happened in a process, and when, by the clock of the machine. */
export interface Entry {
  readonly at: number
  /**
   * A call has reached a service that is not well, or failed there; a failure was counted; a circuit opened or closed, an
   * instance was invalidated because another process said so.
   */
  readonly what: 'asked' | 'failed' | 'counted' | 'open' | 'closed' | 'invalidated'
  readonly service: string
}

/** How it stands. */
export interface MemberStatus {
  readonly state: string
  readonly queued: number
}

/** An invalidation that a process was asked for. */
export interface Invalidation {
  /** When it began. */
  readonly at: number
  readonly fleet: 'sent' | 'queued'
}

/** What a process does when it is told to. */
export interface Orders {
  /** Has its code compiled. */
  warmUp(url: string): Promise<void>
  join(settings: MemberSettings): Promise<void>
  leave(): Promise<void>
  /** Begins to call its first service. */
  load(pace: Pace): void
  /** Stops calling. */
  rest(): Promise<CallCounts>
  behave(behaviour: Behaviour): void
  /** All of them, or one. */
  invalidate(service?: string): Promise<Invalidation>
  /** When what it serves now was loaded, by service. */
  serve(): Promise<Readonly<Record<string, number>>>
  status(): MemberStatus
  /** What happened since it was last asked. */
  takeLog(): readonly Entry[]
  /** What its heap holds, in bytes, after collecting garbage. */
  heap(): number
  /** Times calls with a fleet and without one. */
  cost(order: CostOrder): Promise<Cost>
}

/** How to time calls. */
export interface CostOrder {
  readonly url: string
  readonly rounds: number
  /** Which is made first: it should not matter. */
  readonly isFleetFirst: boolean
}

/** The time of a call, in nanoseconds, in each round. */
export interface Cost {
  readonly without: Float64Array
  /** Without as well: as far as the two differ, the figures are chance. */
  readonly control: Float64Array
  readonly withFleet: Float64Array
}

/** What the processes say to each other. */
export interface Question {
  readonly id: number
  readonly order: keyof Orders
  readonly parts: readonly unknown[]
}

/** To a question; or, without an id, on its own account: a call has reached a service that hangs. */
export interface Reply {
  readonly id?: number | undefined
  readonly answer?: unknown
  readonly error?: string | undefined
  readonly hangsSince?: number | undefined
}
