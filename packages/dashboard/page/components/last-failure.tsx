import type { FailureView } from '@svcproxy/http'
import type { JSX } from 'preact'
import { Ago } from './time.tsx'

/** The last error of a service: what it was, when, and what it said if the application lets that be seen. */
export function LastFailure({ failure }: { readonly failure: FailureView | null }): JSX.Element {
  if (failure === null) return <span class="zero">none</span>
  const what = failure.code === null ? failure.name : `${failure.name} ${failure.code}`
  return (
    <span class="failure">
      <span class="failure-what" title={what}>
        {failure.code ?? failure.name}
      </span>
      <span class="failure-message" title={failure.message ?? undefined}>
        <Ago at={failure.at} /> · {failure.message ?? (failure.code === null ? 'message withheld' : failure.name)}
      </span>
    </span>
  )
}
