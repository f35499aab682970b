import type { ComponentChildren, JSX } from 'preact'

/** A section of the page with a heading. `beside`: shown in the same line. */
export function Panel(props: {
  /** Of the heading. */
  readonly id: string
  readonly title: string
  readonly heading?: 'h2' | 'h3'
  readonly beside?: ComponentChildren
  readonly children: ComponentChildren
}): JSX.Element {
  const { id, title, heading: Heading = 'h3', beside, children } = props
  return (
    <section class="panel" aria-labelledby={id}>
      <div class="panel-head">
        <Heading id={id}>{title}</Heading>
        {beside}
      </div>
      {children}
    </section>
  )
}
