/** A call that waits for a place. */
export class WaitingCall {
  /** Whether it was given a place. */
  hasPlace = false
  /** Resolves when it has a place, or is to start over without one. */
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

/** The calls of a proxy that wait for a place, in the order they came. */
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

  /** A place is free: the call that has waited longest gets it. False: none waits. */
  give(): boolean {
    for (const first of this.#waiting) {
      this.#waiting.delete(first)
      first.call(true)
      return true
    }
    return false
  }

  /** There is nothing to wait for any more: all start over without a place, and find out why. */
  dismiss(): void {
    for (const call of this.#waiting) {
      this.#waiting.delete(call)
      call.call(false)
    }
  }
}
