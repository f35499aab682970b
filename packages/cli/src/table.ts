import { cutTo, widthOf } from './plain-text.ts'
import type { Style, Window } from './terminal.ts'

/** The content of a table cell: plain text. */
export interface Cell {
  readonly text: string
  readonly style?: Style | undefined
}

export interface Column<Row> {
  readonly title: string
  readonly align: 'left' | 'right'
  /** Columns with lower ranks stay longer when the window gets narrow; 0 always stays. */
  readonly rank: number
  /** Keeps the column from jumping with each new value. @defaultValue the width of its title */
  readonly minWidth?: number
  /** Longer content is cut. @defaultValue no limit */
  readonly maxWidth?: number
  /** Takes the space that is left, and shrinks if necessary, down to `minWidth`. */
  readonly flexible?: boolean
  readonly cell: (row: Row) => Cell
}

interface Sized {
  readonly column: Pick<Column<never>, 'minWidth' | 'flexible'>
  /** The width that it needs. */
  readonly wanted: number
  width: number
}

interface Fitted<Row> extends Sized {
  readonly column: Column<Row>
  readonly cells: readonly Cell[]
}

const GAP = '  '

/** The lines of a table, none wider than the window; columns that do not fit are left out by their rank. */
export function tableLines<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { width, paint }: Window,
): string[] {
  const fitted = fit(
    columns.map((column) => measured(column, rows, width)),
    width,
  )
  const head = fitted.map(({ column, width: room }) => padded(column.title, room, column.align))
  const lines = rows.map((_row, index) =>
    fitted
      .map(({ column, cells, width: room }) => {
        const { text, style } = cells[index] ?? { text: '' }
        const field = padded(cutTo(text, room), room, column.align)
        return style === undefined ? field : paint(style, field)
      })
      .join(GAP),
  )
  return [paint('dim', head.join(GAP)), ...lines].map((line) => line.trimEnd())
}

/** The width of a table with all its columns and nothing cut. */
export function tableWidth<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): number {
  const widths = columns.map((column) => measured(column, rows, Infinity).wanted)
  return widths.reduce((sum, width) => sum + GAP.length + width, -GAP.length)
}

function measured<Row>(column: Column<Row>, rows: readonly Row[], room: number): Fitted<Row> {
  const cells = rows.map((row) => column.cell(row))
  const { title, minWidth = 0, maxWidth = Infinity, flexible = false } = column
  // Without a limit nothing is cut.
  const most = room === Infinity ? Infinity : maxWidth
  const longest = Math.max(widthOf(title), ...cells.map(({ text }) => widthOf(text)))
  const wanted = Math.min(Math.max(longest, flexible ? 0 : minWidth), most)
  return { column, cells, wanted, width: flexible ? Math.min(wanted, minWidth) : wanted }
}

function fit<Row>(columns: readonly Fitted<Row>[], width: number): readonly Fitted<Row>[] {
  const kept = new Set<Fitted<Row>>()
  let used = -GAP.length
  for (const candidate of columns.toSorted((one, other) => one.column.rank - other.column.rank)) {
    const needed = used + GAP.length + candidate.width
    if (needed > width && candidate.column.rank > 0) break
    kept.add(candidate)
    used = needed
  }
  const shown = columns.filter((field) => kept.has(field))
  for (const field of shown) {
    const before = field.width
    field.width = adjusted(field, width - used)
    used += field.width - before
  }
  return shown
}

/**
 * If the columns that always stay are too wide, the first one shrinks. If there is room left, the flexible one takes
 * it.
 */
function adjusted({ column, wanted, width }: Sized, spare: number): number {
  if (spare < 0) return Math.min(width, Math.max(column.minWidth ?? 0, width + spare))
  return column.flexible === true ? Math.min(wanted, width + spare) : width
}

function padded(text: string, width: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, width - widthOf(text)))
  return align === 'left' ? `${text}${space}` : `${space}${text}`
}
