import type { ServiceRow } from './answers.ts'
import type { Cell } from './table.ts'
import type { Style } from './terminal.ts'

type CircuitState = NonNullable<ServiceRow['circuit']>['state']

/** For a cell without a value. */
export const NONE: Cell = { text: '–', style: 'dim' }

/** The state of a circuit: a symbol and a word each, for people who see no colours. */
export const STATES: Readonly<Record<CircuitState, { text: string; style: Style }>> = {
  closed: { text: '● closed', style: 'green' },
  half_open: { text: '◐ half-open', style: 'yellow' },
  open: { text: '○ open', style: 'red' },
  isolated: { text: '■ isolated', style: 'magenta' },
}
