import { now } from '../clock.ts'
import type { Crew, Hand } from '../crew.ts'
import { whenSo } from './stage.ts'

/** Stands for all services. */
export const EVERYTHING = '*'

/** When each service was invalidated last, as far as everybody should know. */
export class Invalidations {
  readonly #lastAt: Map<string, number>

  constructor(services: readonly string[]) {
    this.#lastAt = new Map(services.map((service) => [service, -Infinity]))
  }

  /** @param scope a service, or {@link EVERYTHING} */
  add(scope: string, at: number): void {
    for (const [service, before] of this.#lastAt) {
      if (scope === EVERYTHING || scope === service) this.#lastAt.set(service, Math.max(before, at))
    }
  }

  /** The services of which a process serves an instance that was loaded before their last invalidation. */
  stale(served: Readonly<Record<string, number>>): string[] {
    return [...this.#lastAt]
      .filter(([service, at]) => !((served[service] ?? -Infinity) > at))
      .map(([service]) => service)
  }
}

/** Has a process invalidate something, and notes it. */
export async function invalidate(hand: Hand, scope: string, invalidations: Invalidations): Promise<'sent' | 'queued'> {
  const { at, fleet } = await hand.ask('invalidate', scope === EVERYTHING ? undefined : scope)
  invalidations.add(scope, at)
  return fleet
}

/** How many processes serve something that they should not. */
export async function countStale(hands: readonly Hand[], invalidations: Invalidations): Promise<number> {
  const served = await Promise.all(hands.map((hand) => hand.ask('serve')))
  return served.filter((instances) => invalidations.stale(instances).length > 0).length
}

/** How long it takes until no process serves what it should not, in milliseconds; undefined: longer than the limit. */
export async function rightAfter(
  crew: Crew,
  invalidations: Invalidations,
  { since, limitMs }: { readonly since: number; readonly limitMs: number },
): Promise<number | undefined> {
  const at = await whenSo(since + limitMs - now(), async () => (await countStale(crew.hands, invalidations)) === 0)
  return at === undefined ? undefined : at - since
}
