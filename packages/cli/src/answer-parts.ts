import type { CircuitView, ErrorView } from '@svcproxy/http'
import { isText, oneOf, orNull, type Shape } from './shape.ts'

// Parts that several responses have.

export const isState: Shape<CircuitView['state']> = oneOf('closed', 'open', 'half_open', 'isolated')

export const ERROR: { readonly [K in keyof ErrorView]: Shape<ErrorView[K]> } = {
  name: isText,
  code: orNull(isText),
  message: orNull(isText),
}
