import { cutTo, widthOf } from './plain-text.ts'
import type { Terminal } from './terminal.ts'

const HIDE_CURSOR = '\u001b[?25l'
const SHOW_CURSOR = '\u001b[?25h'
const CLEAR_LINE_END = '\u001b[K'
const CLEAR_BELOW = '\u001b[0J'
/** A colour sequence, which takes no columns. */
// oxlint-disable-next-line no-control-regex -- the escape character is what it is about
const COLOUR = /\u001b\[[\d;]*m/g

/** Lines that overwrite the previous ones. The last ones stay when it ends. */
export interface LiveDisplay {
  show(lines: readonly string[]): void
  /** Shows the cursor again. */
  end(): void
}

/** Earlier output stays where it is: there is no alternate screen. */
export function liveDisplay(terminal: Terminal): LiveDisplay {
  let widths: readonly number[] = []
  let begun = false
  return {
    show(lines) {
      // Lines that do not fit would scroll, and could not be overwritten.
      const shown = fitted(lines, terminal.height - 1)
      const up = rowsOf(widths, terminal.width)
      const start = begun ? `\r${up > 0 ? `\u001b[${up}A` : ''}` : HIDE_CURSOR
      terminal.write(`${start}${shown.map((line) => `${line}${CLEAR_LINE_END}\n`).join('')}${CLEAR_BELOW}`)
      begun = true
      widths = shown.map((line) => widthOf(line.replaceAll(COLOUR, '')))
    },
    end() {
      if (begun) terminal.write(SHOW_CURSOR)
      begun = false
    },
  }
}

function fitted(lines: readonly string[], height: number): readonly string[] {
  const most = Math.max(1, height)
  if (lines.length <= most) return lines
  const left = lines.length - most + 1
  return [...lines.slice(0, most - 1), cutTo(`… and ${left} lines more; enlarge the window to see them`, 79)]
}

/** How many rows the lines take: lines that were printed in a wider window are wrapped now. */
function rowsOf(widths: readonly number[], columns: number): number {
  return widths.reduce((rows, width) => rows + Math.max(1, Math.ceil(width / columns)), 0)
}
