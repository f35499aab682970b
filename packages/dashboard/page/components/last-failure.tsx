import type { FailureView } from '@svcproxy/http'
import type { JSX } from 'preact'
import { Ago } from './time.tsx'

/** The last error of a service: what it was, when, and what it said if the application lets that be seen. */
export function LastFailure({ failure }: { readonly failure: FailureView | null }): JSX.Element {
  if (failure === null) return <span class="zero">none</span>
  // What a provider failed with says more than that it failed.
  const { name, code, message } = failure.cause ?? failure
  const said = message ?? failure.message
  return (
    <span class="failure">
      <span class="failure-what" title={`${name} ${code ?? ''}`}>
        {code ?? name}
      </span>
      <span class="failure-message" title={said ?? undefined}>
        <Ago at={failure.at} /> · {said ?? (code === null ? 'message withheld' : name)}
      </span>
    </span>
  )
}
