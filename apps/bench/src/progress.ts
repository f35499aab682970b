import type { Progress } from './benchmark.ts'

/** Where progress is shown. */
export interface ProgressStream {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

/** Shows how far the benchmark is. */
export interface ProgressDisplay {
  show(progress: Progress): void
  /** Leaves the line free for what comes next. */
  end(): void
}

const ERASE_LINE = '\r\u001B[K'
/** Elsewhere than at a terminal: one line for each tenth. */
const LINES = 10

/** One line that is written over and over at a terminal, and a few lines elsewhere. */
export function createProgressDisplay(stream: ProgressStream): ProgressDisplay {
  if (stream.isTTY === true) {
    return {
      show({ step, steps, label }) {
        const text = `${percentOf(step - 1, steps)} ${label}`
        stream.write(`${ERASE_LINE}${text.slice(0, (stream.columns ?? 80) - 1)}`)
      },
      end: () => void stream.write(ERASE_LINE),
    }
  }
  let written = -1
  return {
    show({ step, steps, label }) {
      const line = Math.floor(((step - 1) / steps) * LINES)
      if (line === written) return
      written = line
      stream.write(`${percentOf(step - 1, steps)} ${label}\n`)
    },
    end: () => {},
  }
}

function percentOf(done: number, steps: number): string {
  return `${Math.floor((done / steps) * 100)} %`.padStart(5)
}
