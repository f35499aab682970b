import { OWN_TIMEOUT_MS, untilAborted } from './records.ts'
import type { ClientTrouble } from './plan.ts'
import type { Manner } from './kinds.ts'

/** What is wrong with all clients of a service at the moment. */
export class ClientFaults {
  #trouble: ClientTrouble | undefined
  #beganAt = 0

  begin(trouble: ClientTrouble): void {
    this.#trouble = trouble
    this.#beganAt = performance.now()
  }

  end(): void {
    this.#trouble = undefined
  }

  get creating(): 'well' | 'hung' {
    return this.#trouble === 'hung create' ? 'hung' : 'well'
  }

  get checking(): 'well' | 'hung' {
    return this.#trouble === 'hung check' ? 'hung' : 'well'
  }

  /**
   * Whether a client that was made at `madeAt` and is used now is broken for good: any that is used while connections
   * break; and where no other can be made, those that there were, or nobody would want another.
   */
  breaks(madeAt: number): boolean {
    return this.#trouble === 'broken connection' || (this.#trouble === 'hung create' && madeAt < this.#beganAt)
  }
}

/** Something that hangs, as a client of that manner lets it: one that lingers goes on after a while as if nothing had been. */
export async function hang(manner: Manner, signal: AbortSignal): Promise<void> {
  switch (manner) {
    case 'cancels':
      return untilAborted(signal)
    case 'never settles':
      return untilAborted(undefined)
    case 'lingers':
      await new Promise((resolve) => setTimeout(resolve, OWN_TIMEOUT_MS))
  }
}
