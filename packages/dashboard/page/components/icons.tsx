import type { JSX } from 'preact'

/** The pictures of the page, as paths in a square of 16. */
const PATHS = {
  closed:
    'M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13Zm3 4.9-3.6 4a.8.8 0 0 1-1.2 0L4.9 9A.8.8 0 0 1 6 7.9l.8.8 3-3.4a.8.8 0 0 1 1.2 1.1Z',
  open: 'M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13Zm2.6 8a.8.8 0 0 1-1.1 1.1L8 9.1l-1.5 1.5a.8.8 0 0 1-1.1-1.1L6.9 8 5.4 6.5a.8.8 0 0 1 1.1-1.1L8 6.9l1.5-1.5a.8.8 0 0 1 1.1 1.1L9.1 8l1.5 1.5Z',
  half_open: 'M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13Zm0 11.4V3.1a4.9 4.9 0 0 1 0 9.8Z',
  isolated:
    'M5 6.6V5a3 3 0 0 1 6 0v1.6h.4c.7 0 1.2.5 1.2 1.2v4.8c0 .7-.5 1.2-1.2 1.2H4.6c-.7 0-1.2-.5-1.2-1.2V7.8c0-.7.5-1.2 1.2-1.2H5Zm1.5 0h3V5a1.5 1.5 0 0 0-3 0v1.6Z',
  none: 'M3 7.2h10a.8.8 0 0 1 0 1.6H3a.8.8 0 0 1 0-1.6Z',
  healthy:
    'M8 13.8 2.7 8.3a3.4 3.4 0 0 1 0-4.7 3.2 3.2 0 0 1 4.6 0l.7.7.7-.7a3.2 3.2 0 0 1 4.6 0 3.4 3.4 0 0 1 0 4.7L8 13.8Z',
  unhealthy:
    'M7.1 2.3 1.5 12.1c-.4.7.1 1.6.9 1.6h11.2c.8 0 1.3-.9.9-1.6L8.9 2.3a1 1 0 0 0-1.8 0ZM8 5.5c.5 0 .8.4.8.8v2.9a.8.8 0 0 1-1.6 0V6.3c0-.4.3-.8.8-.8Zm0 6.6a.9.9 0 1 1 0-1.8.9.9 0 0 1 0 1.8Z',
  cache:
    'M8 1.8c3.2 0 5.6 1 5.6 2.5v7.4c0 1.5-2.4 2.5-5.6 2.5s-5.6-1-5.6-2.5V4.3c0-1.5 2.4-2.5 5.6-2.5Zm4 4.4c-1 .4-2.4.7-4 .7s-3-.3-4-.7V8c.3.4 1.7 1 4 1s3.7-.6 4-1V6.2Z',
  stop: 'M4.5 3.2h7c.7 0 1.3.6 1.3 1.3v7c0 .7-.6 1.3-1.3 1.3h-7c-.7 0-1.3-.6-1.3-1.3v-7c0-.7.6-1.3 1.3-1.3Z',
  operator:
    'M8 8a3.1 3.1 0 1 0 0-6.2A3.1 3.1 0 0 0 8 8Zm0 1.3c-3.1 0-5.6 1.7-5.6 3.7 0 .7.5 1.2 1.2 1.2h8.8c.7 0 1.2-.5 1.2-1.2 0-2-2.5-3.7-5.6-3.7Z',
  back: 'M9.8 3.3a.8.8 0 0 1 0 1.1L6.3 8l3.5 3.6a.8.8 0 0 1-1.1 1.1L4.6 8.6a.8.8 0 0 1 0-1.1l4.1-4.2a.8.8 0 0 1 1.1 0Z',
} as const

/** The name of a picture. */
export type IconName = keyof typeof PATHS

/** A picture beside words that say the same: screen readers pass it by. */
export function Icon({ name }: { readonly name: IconName }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
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
