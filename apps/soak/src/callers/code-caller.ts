import type { Contestant } from '../contestant.ts'
import type { Caller } from './caller.ts'

/** Every so many calls is one with `proxy.call` in place of the facade. */
const EVERY = 7

/** Code that calls the proxy: its facade, or an operation of its own; with a signal, or without. */
export function codeCaller({ manager, tally }: Contestant): Caller {
  const proxy = manager.getProxy('records')
  let calls = 0
  return {
    async call(id, leaveAfterMs) {
      calls++
      if (leaveAfterMs === undefined) {
        if (calls % EVERY === 0) return tally.watch(id, () => proxy.call((records) => records.read(id)))
        return tally.watch(id, () => proxy.service.read(id))
      }
      const controller = new AbortController()
      const leaving = setTimeout(() => controller.abort(new Error('The caller left')), leaveAfterMs)
      const { signal } = controller
      try {
        return await tally.watch(id, () => proxy.serviceWith({ signal }).read(id), signal)
      } finally {
        clearTimeout(leaving)
      }
    },
    async [Symbol.asyncDispose]() {},
  }
}
