/** How much of something runs at once, and how much ever did. What hung when a trouble ended is lost: it counts no more. */
export class Census {
  #running = new Set<symbol>()
  #peak = 0
  #lost = 0

  /** One begins; call what this returns when it has ended. */
  begin(): () => void {
    const one = Symbol('one')
    this.#running.add(one)
    this.#peak = Math.max(this.#peak, this.#running.size)
    return () => void this.#running.delete(one)
  }

  /** The most that ever ran at once. */
  get peak(): number {
    return this.#peak
  }

  /** Those that no longer count. */
  get lost(): number {
    return this.#lost
  }

  /** The trouble is over, and what still runs may do so for ever. */
  writeOff(): void {
    this.#lost += this.#running.size
    this.#running = new Set()
  }
}
