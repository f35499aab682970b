/** The exit code of a process that was interrupted before it was done: 128 + SIGINT. */
export const INTERRUPTED = 130

/** Signals come in pairs when a terminal and a parent process both pass them on. */
const SAME_SIGNAL_MS = 1_000

/** Aborts when the process is asked to end. Asked again after a while, it ends at once. */
export function interruption(): AbortSignal {
  const controller = new AbortController()
  let firstAt: number | undefined
  const onSignal = (): void => {
    firstAt ??= performance.now()
    controller.abort(new Error('Interrupted'))
    if (performance.now() - firstAt > SAME_SIGNAL_MS) process.exit(INTERRUPTED)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal)
  return controller.signal
}
