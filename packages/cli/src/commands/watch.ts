import { CommandFailure } from '../failure.ts'
import { type Staying, stayingWithOne } from '../staying.ts'
import { changeView, jsonView, liveView, type WatchView } from '../watch-views.ts'
import type { Watched } from '../watched.ts'
import { type CommandContext, exitCodeOf } from './command.ts'

/** How old the displayed state may be while only other processes answer, in milliseconds. */
const PATIENCE_MS = 10_000

/**
 * Polls until it is interrupted, each time a while after the last answer. It retries if the server cannot be reached;
 * if the server refuses the first time, it gives up. It stays with the process that answered first.
 */
export async function watch({ invocation, client, terminal }: CommandContext): Promise<number> {
  const { interrupted } = terminal
  const view = viewFor(invocation.json, terminal)
  const process = stayingWithOne(client, terminal.now)
  let watched: Watched = {
    latest: undefined,
    changed: false,
    receivedAt: terminal.now(),
    stale: undefined,
    others: 0,
  }
  try {
    while (!interrupted.aborted) {
      const next = await look(watched, process, terminal.now)
      if (next === undefined) break
      watched = next
      view.show(watched)
      await terminal.pause(invocation.intervalMs)
    }
  } finally {
    view.end()
  }
  if (watched.latest === undefined || watched.stale !== undefined) return 2
  return exitCodeOf(watched.latest.value.status === 'pass')
}

function viewFor(json: boolean, terminal: CommandContext['terminal']): WatchView {
  if (json) return jsonView(terminal)
  return terminal.isLive ? liveView(terminal) : changeView(terminal)
}

/** Undefined: it was interrupted. */
async function look(before: Watched, process: Staying, now: () => number): Promise<Watched | undefined> {
  const old = (reason: string): Watched => ({
    ...before,
    changed: false,
    stale: { since: before.stale?.since ?? now(), reason },
    others: process.others(),
  })
  try {
    const isTooOld = before.stale !== undefined && now() - before.stale.since >= PATIENCE_MS
    const answer = await process.look(before.latest?.etag, isTooOld)
    if (answer === 'others') return old('Only other processes answer, and not the one that is shown.')
    const others = process.others()
    return answer === 'unchanged'
      ? { ...before, changed: false, stale: undefined, others }
      : { latest: answer, changed: true, receivedAt: now(), stale: undefined, others }
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error
    if (error.kind === 'interrupted') return undefined
    if (error.kind === 'refused' && before.latest === undefined) throw error
    return old(error.message)
  }
}
