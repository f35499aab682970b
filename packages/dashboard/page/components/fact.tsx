import type { ComponentChildren, JSX } from 'preact'

interface FactProps {
  readonly name: string
  readonly children: ComponentChildren
}

/** A name above its value, for a `dl`. */
export function Fact({ name, children }: FactProps): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

/** A name next to its value, for a `dl`. */
export function Line({ name, children }: FactProps): JSX.Element {
  return (
    <div class="line">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

/** A line of its own, below what it belongs to and quieter. */
export function Under({ children }: Pick<FactProps, 'children'>): JSX.Element {
  return <span class="under">{children}</span>
}
