/** What a process complains of while a soak runs: rejections that nobody handled, errors that nobody caught, warnings. */
export interface Complaints extends Disposable {
  readonly rejections: readonly string[]
  readonly warnings: readonly string[]
}

const MAX_KEPT = 1_000

export function listenToComplaints(): Complaints {
  const rejections: string[] = []
  const warnings: string[] = []
  const onError = (error: unknown): void => keep(rejections, error)
  const onWarning = (warning: Error): void => keep(warnings, warning)
  process.on('unhandledRejection', onError).on('uncaughtException', onError).on('warning', onWarning)
  return {
    rejections,
    warnings,
    [Symbol.dispose]() {
      process.off('unhandledRejection', onError).off('uncaughtException', onError).off('warning', onWarning)
    },
  }
}

function keep(list: string[], error: unknown): void {
  if (list.length < MAX_KEPT) list.push(error instanceof Error ? (error.stack ?? error.message) : String(error))
}
