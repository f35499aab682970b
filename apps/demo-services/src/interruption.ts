import { constants } from 'node:os'

/** Signals come in pairs if both a terminal and a parent process send them. */
const SAME_SIGNAL_MS = 1_000

/** The process was told to end. */
export class Interruption extends Error {
  override readonly name = 'Interruption'
  readonly exitCode: number

  constructor(signal: NodeJS.Signals) {
    super(`Interrupted by ${signal}`)
    this.exitCode = 128 + constants.signals[signal]
  }
}

/**
 * Aborts with an {@link Interruption} when the process is told to end. A second signal after a while ends it at once.
 */
export function interruption(): AbortSignal {
  const controller = new AbortController()
  let firstAt: number | undefined
  const onSignal = (signal: NodeJS.Signals): void => {
    const reason = new Interruption(signal)
    firstAt ??= performance.now()
    controller.abort(reason)
    if (performance.now() - firstAt > SAME_SIGNAL_MS) process.exit(reason.exitCode)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal)
  return controller.signal
}
