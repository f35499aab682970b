import type { Snapshot } from '@svcproxy/http'
import type { JSX } from 'preact'
import { formatTimeOfDay } from '../format.ts'
import type { Feed } from '../polling.ts'
import { Mark } from './icons.tsx'
import { LevelPill } from './pills.tsx'
import { Age } from './time.tsx'

/** The title, the process, its status, and the age of what is shown. */
export function Masthead({ title, feed }: { readonly title: string; readonly feed: Feed }): JSX.Element {
  const { snapshot } = feed
  return (
    <header class="masthead">
      <div class="masthead-row">
        <Mark />
        <h1>{title}</h1>
        {snapshot !== null && <Place snapshot={snapshot} />}
        <div class="masthead-end">
          <Liveness feed={feed} />
          {snapshot !== null && <LevelPill level={snapshot.status} />}
        </div>
      </div>
    </header>
  )
}

function Place({ snapshot: { instance } }: { readonly snapshot: Snapshot }): JSX.Element {
  return (
    <>
      {instance.environment !== null && <Environment name={instance.environment} />}
      <p class="masthead-process">
        this process <b>{instance.id}</b> · up <Age at={instance.startedAt} />
      </p>
    </>
  )
}

/** The environment; production is highlighted. */
export function Environment({ name }: { readonly name: string }): JSX.Element {
  return <span class={/^prod/i.test(name) ? 'environment environment-production' : 'environment'}>{name}</span>
}

function Liveness({ feed: { seenAt, refusal, paused, stale } }: { readonly feed: Feed }): JSX.Element {
  const [tone, words] = livenessOf(paused, stale, refusal !== null)
  return (
    <p class={`liveness liveness-${tone}`}>
      <span class="liveness-dot" />
      {words}
      {seenAt !== null && <span class="quiet">{formatTimeOfDay(seenAt)}</span>}
    </p>
  )
}

function livenessOf(paused: boolean, stale: boolean, refused: boolean): readonly [tone: string, words: string] {
  if (paused) return ['paused', 'Paused']
  if (stale) return ['stale', 'Stale']
  return refused ? ['stale', 'Retrying'] : ['live', 'Live']
}
