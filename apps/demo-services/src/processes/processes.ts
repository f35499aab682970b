import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

interface ProcessEntry {
  readonly pid: number
  readonly parentPid: number
}

/** A process and its living descendants. */
export function processFamily(pid: number): number[] {
  const children = livingProcesses().filter(({ parentPid }) => parentPid === pid)
  return [pid, ...children.map((child) => child.pid)]
}

/** Sends a signal to processes; those that are gone are ignored. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
    }
  }
}

/** The processes of `pids` that are alive. */
export function livingOf(pids: readonly number[]): number[] {
  const living = new Set(livingProcesses().map(({ pid }) => pid))
  return pids.filter((pid) => living.has(pid))
}

/** Resolves when all are gone; those that are left after `patienceMs` are killed. */
export async function untilGone(pids: readonly number[], patienceMs: number): Promise<void> {
  const impatientAt = performance.now() + patienceMs
  for (;;) {
    const left = livingOf(pids)
    if (left.length === 0) return
    if (performance.now() > impatientAt) signalAll(left, 'SIGKILL')
    await delay(20)
  }
}

/** Without zombies: nobody may ever wait for them, as in a container without init. */
function livingProcesses(): ProcessEntry[] {
  return process.platform === 'linux' ? fromProc() : fromPs()
}

function fromProc(): ProcessEntry[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
        // After the command in parentheses, which may contain anything: state and parent.
        const [state, parentPid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
        return state === 'Z' ? [] : [{ pid: Number(pid), parentPid: Number(parentPid) }]
      } catch {
        return [] // gone meanwhile
      }
    })
}

function fromPs(): ProcessEntry[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,stat='], { encoding: 'utf8' }).trim().split('\n')
  return lines.flatMap((line) => {
    const [pid, parentPid, state] = line.trim().split(/\s+/)
    return state?.startsWith('Z') ? [] : [{ pid: Number(pid), parentPid: Number(parentPid) }]
  })
}
