import type { LoadResult } from './load-order.ts'

/**
 * A failed request takes another time than an answered one: figures with a single one in them mean nothing.
 * @throws Error when one failed
 */
export function checkLoad(server: string, { requests, non2xx, errors }: LoadResult): void {
  if (non2xx > 0 || errors > 0) {
    throw new Error(`${server} under load: ${requests} answers, ${non2xx} of them not 2xx, and ${errors} errors`)
  }
  if (requests === 0) throw new Error(`${server} answered nothing`)
}
