import type { JSX } from 'preact'

// The pictures of the page, as paths in a square of 16; where paths lie on each other there is a hole.
const DISC = 'M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13Z'
const PATHS = {
  closed: `${DISC}M7.1 11.5 4 8.4l1.2-1.2 1.9 1.9 3.7-4L12 6.2Z`,
  open: `${DISC}M6 4.8 8 6.8l2-2L11.2 6l-2 2 2 2L10 11.2l-2-2-2 2L4.8 10l2-2-2-2Z`,
  half_open: `${DISC}M8 13V3a5 5 0 0 1 0 10Z`,
  isolated: 'M3 7h1.5V5a3.5 3.5 0 0 1 7 0v2H13v7H3Zm3 0h4V5a2 2 0 0 0-4 0Z',
  none: 'M3 7h10v2H3Z',
  observing: 'M8 3C4 3 1.5 6 .5 8c1 2 3.5 5 7.5 5s6.5-3 7.5-5C14.5 6 12 3 8 3Zm0 2a3 3 0 1 1 0 6 3 3 0 0 1 0-6Z',
  healthy: 'M8 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8Z',
  unhealthy: 'M8 1.5 15.3 14H.7ZM7.2 5.5v4h1.6v-4Zm0 5.2v1.6h1.6v-1.6Z',
  cache: 'M2 3h12v4H2Zm0 6h12v4H2Zm2-4.5v1h2v-1Zm0 6v1h2v-1Z',
  stop: 'M3 3h10v10H3Z',
  operator: 'M8 8a3 3 0 1 0 0-6 3 3 0 0 0 0 6Zm0 1.5c-3.5 0-6 2-6 5h12c0-3-2.5-5-6-5Z',
  back: 'M10.5 3 5.5 8l5 5-1.2 1.2L3 8l6.3-6.2Z',
} as const

/** The name of a picture. */
export type IconName = keyof typeof PATHS

/** An icon next to words that say the same, so screen readers skip it. */
export function Icon({ name }: { readonly name: IconName }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} fill-rule="evenodd" />
    </svg>
  )
}

/** The mark of the product: a call that passes through a ring. */
export function Mark(): JSX.Element {
  return (
    <svg class="mark" viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
      <rect width="32" height="32" rx="8" />
      <path d="M4 16h7m10 0h7" />
      <circle cx="16" cy="16" r="5.2" />
    </svg>
  )
}
