import type { ManagementClient, SnapshotAnswer } from './management-client.ts'

/** How often one look asks for the same process at most. */
const TRIES = 8
/** How long a process that has answered is counted, in milliseconds. */
const REMEMBERED_MS = 60_000

/** Stays with one process, the one that answered first, although a load balancer sends each request elsewhere. */
export interface Staying {
  /**
   * `others`: only other processes answered.
   * @param etag the version that is known; it is not sent again
   * @param mayChange whether any process is acceptable now
   */
  look(etag: string | undefined, mayChange: boolean): Promise<SnapshotAnswer | 'unchanged' | 'others'>
  /** How many other processes have answered in the last minute. */
  others(): number
}

export function stayingWithOne(client: ManagementClient, now: () => number): Staying {
  let stayed: string | undefined
  /** When each other process last answered. */
  const others = new Map<string, number>()

  const lookAtOne = async (etag: string | undefined) => {
    const tried = new Set<string>()
    for (let count = 0; count < TRIES; count++) {
      const found = await client.snapshotAs({ etag, instance: stayed, anew: count > 0 })
      if (found === 'unchanged' || 'value' in found) return found
      tried.add(found.other)
      others.set(found.other, now())
    }
    return tried
  }

  const lookAtAny = async () => {
    const found = await client.snapshot()
    stayed = found.instance
    others.delete(found.instance)
    return found
  }

  return {
    async look(etag, mayChange) {
      if (stayed === undefined) return lookAtAny()
      const found = await lookAtOne(etag)
      if (!(found instanceof Set)) return found
      // If a single other process answers, it has replaced the previous one.
      return mayChange || found.size === 1 ? lookAtAny() : 'others'
    },
    others() {
      const since = now() - REMEMBERED_MS
      for (const [instance, at] of others) if (at < since) others.delete(instance)
      return others.size
    },
  }
}
