import type { ServiceView } from '@svcproxy/http'
import type { JSX } from 'preact'
import { budgetWords, hasRetries, queueWords } from '../services.ts'
import { Line, Under } from './fact.tsx'
import { Count } from './service-numbers.tsx'

/** How many calls wait for a place, and how long they had to. */
export function Queue({ queue }: { readonly queue: NonNullable<ServiceView['queue']> }): JSX.Element {
  const { waiting, isFull, wait } = queueWords(queue)
  return (
    <>
      <Trouble when={isFull}>{waiting}</Trouble>
      {wait !== null && <Under>{wait}</Under>}
    </>
  )
}

/** What becomes of calls before and after they are made, as lines on the page of a service. */
export function CallLines({ service: { retryBudget, queue } }: { readonly service: ServiceView }): JSX.Element {
  return (
    <>
      {retryBudget !== null && (
        <Line name="Retry budget">
          <Trouble when={budgetWords(retryBudget).isTrouble}>{budgetWords(retryBudget).left}</Trouble>
          <Under>{budgetWords(retryBudget).spent}</Under>
        </Line>
      )}
      {queue !== null && (
        <Line name="Queue">
          <Queue queue={queue} />
        </Line>
      )}
    </>
  )
}

/** The same where there is room for a few words. */
export function CallsInShort({ service }: { readonly service: ServiceView }): JSX.Element {
  const { counts, queue } = service
  const { success, failure, denied } = counts.retries
  const made = success + failure
  return (
    <>
      {hasRetries(service) && (
        <Under>
          <Count count={made} /> {made === 1 ? 'retry' : 'retries'}
        </Under>
      )}
      {denied > 0 && (
        <Under>
          <Count count={denied} tone="bad" /> denied
        </Under>
      )}
      {queue !== null && (
        <Under>
          <Queue queue={queue} />
        </Under>
      )}
    </>
  )
}

/** Words in the colour of trouble, when there is some. */
function Trouble(props: { readonly when: boolean; readonly children: string }): JSX.Element {
  return <span class={props.when ? 'toned tone-bad' : ''}>{props.children}</span>
}
