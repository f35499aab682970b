import type { ServiceRow } from './answers.ts'
import type { Cell } from './table.ts'
import type { Style } from './terminal.ts'

type CircuitState = NonNullable<ServiceRow['circuit']>['state']

/** Nothing to show. */
export const NONE: Cell = { text: '–', style: 'dim' }

/** The state of a circuit: each has a symbol and a word, for those who see no colours. */
export const STATES: Readonly<Record<CircuitState, { text: string; style: Style }>> = {
  closed: { text: '● closed', style: 'green' },
  half_open: { text: '◐ half-open', style: 'yellow' },
  open: { text: '○ open', style: 'red' },
  isolated: { text: '■ isolated', style: 'magenta' },
}
