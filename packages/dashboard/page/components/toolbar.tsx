import type { JSX } from 'preact'
import { useRef } from 'preact/hooks'
import type { Selection, SortOrder } from '../services.ts'
import { useKey } from '../use-key.ts'

const ORDERS: readonly (readonly [SortOrder, string])[] = [
  ['unwell', 'Worst first'],
  ['name', 'By name'],
  ['traffic', 'Busiest first'],
]

/** The filter and the order of the services. `/` moves to the filter, Escape empties it. */
export function Toolbar(props: {
  readonly selection: Selection
  readonly unwell: number
  readonly onSelect: (selection: Selection) => void
}): JSX.Element {
  const { selection, unwell, onSelect } = props
  const filter = useRef<HTMLInputElement>(null)
  useKey('/', () => filter.current?.focus())
  return (
    <search class="toolbar">
      <label class="filter">
        <span class="unseen">Filter services by name</span>
        <input
          ref={filter}
          type="text"
          placeholder="Filter"
          autocomplete="off"
          spellcheck={false}
          value={selection.text}
          onInput={(event) => onSelect({ ...selection, text: event.currentTarget.value })}
          onKeyDown={(event) => {
            if (event.key === 'Escape') onSelect({ ...selection, text: '' })
          }}
        />
        <kbd>/</kbd>
      </label>
      <label class="toggle">
        <input
          type="checkbox"
          checked={selection.onlyUnwell}
          onChange={(event) => onSelect({ ...selection, onlyUnwell: event.currentTarget.checked })}
        />
        Only problems <span class="toggle-count">{unwell}</span>
      </label>
      <label class="order">
        <span class="unseen">Order</span>
        <select
          value={selection.order}
          onChange={(event) => {
            const wanted = event.currentTarget.value
            onSelect({ ...selection, order: ORDERS.find(([order]) => order === wanted)?.[0] ?? 'unwell' })
          }}
        >
          {ORDERS.map(([order, words]) => (
            <option key={order} value={order}>
              {words}
            </option>
          ))}
        </select>
      </label>
    </search>
  )
}
