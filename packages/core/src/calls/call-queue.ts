/** A call that waits for a slot. */
export class WaitingCall {
  /** Whether it was given a slot. */
  hasPlace = false
  /** Resolves when it has a slot, or has to start over without one. */
  readonly called: Promise<void>
  readonly #resume: () => void

  constructor() {
    let resume = (): void => {}
    this.called = new Promise<void>((resolve) => (resume = resolve))
    this.#resume = resume
  }

  call(hasPlace: boolean): void {
    this.hasPlace = hasPlace
    this.#resume()
  }
}

/** The calls of a proxy that wait for a slot, first in, first out. */
export class CallQueue {
  readonly #waiting = new Set<WaitingCall>()

  get length(): number {
    return this.#waiting.size
  }

  join(): WaitingCall {
    const call = new WaitingCall()
    this.#waiting.add(call)
    return call
  }

  leave(call: WaitingCall): void {
    this.#waiting.delete(call)
  }

  /** A slot is free: the call that has waited longest gets it. Returns false if none is waiting. */
  give(): boolean {
    for (const first of this.#waiting) {
      this.#waiting.delete(first)
      first.call(true)
      return true
    }
    return false
  }

  /** There is nothing to wait for any more: all calls start over without a slot, and find out why. */
  dismiss(): void {
    for (const call of this.#waiting) {
      this.#waiting.delete(call)
      call.call(false)
    }
  }
}
