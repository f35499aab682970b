import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** The processes that a process started. */
export function childrenOf(pid: number): number[] {
  return childrenText(pid).split(/\s+/).filter(Boolean).map(Number)
}

function childrenText(pid: number): string {
  if (process.platform === 'linux') return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return execFileSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' })
}

/** Signals processes; those that are gone already are no error. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
    }
  }
}
