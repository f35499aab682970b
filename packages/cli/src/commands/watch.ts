import { CommandFailure } from '../failure.ts'
import type { ManagementClient } from '../management-client.ts'
import { changeView, jsonView, liveView, type WatchView } from '../watch-views.ts'
import type { Watched } from '../watched.ts'
import { type CommandContext, exitCodeOf } from './command.ts'

/**
 * Looks again and again, each time a while after the last answer, until it is interrupted. What cannot be reached is
 * tried again; what refuses the first time will not change its mind.
 */
export async function watch({ invocation, client, terminal }: CommandContext): Promise<number> {
  const { interrupted } = terminal
  const view = viewFor(invocation.json, terminal)
  let watched: Watched = { latest: undefined, changed: false, receivedAt: terminal.now(), stale: undefined }
  try {
    while (!interrupted.aborted) {
      const next = await look(watched, client, terminal.now)
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

/** Undefined: somebody interrupted it. */
async function look(before: Watched, client: ManagementClient, now: () => number): Promise<Watched | undefined> {
  try {
    const answer = await client.snapshotSince(before.latest?.etag)
    return answer === undefined
      ? { ...before, changed: false, stale: undefined }
      : { latest: answer, changed: true, receivedAt: now(), stale: undefined }
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error
    if (error.kind === 'interrupted') return undefined
    if (error.kind === 'refused' && before.latest === undefined) throw error
    return { ...before, changed: false, stale: { since: before.stale?.since ?? now(), reason: error.message } }
  }
}
