import type { ComponentChildren, JSX } from 'preact'

/** A part of the page with a heading. `beside`: what stands in a line with it. */
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
