import { setTimeout as delay } from 'node:timers/promises'
import type { Complaints } from './complaints.ts'
import { countsOf, DEADLINE_MS } from './contestant.ts'
import { heapGrowth, MAX_HEAP_GROWTH } from './heap.ts'
import { applicationNameOf } from './postgres/postgres-client.ts'
import { OWN_TIMEOUT_MS } from './records.ts'
import type { Act, Stage } from './stage.ts'
import type { Check } from './verdicts.ts'

/** Loads that core lets be pending at once. */
const MAX_PENDING_LOADS = 4
/** The checks of those loads, and as many as core lets be pending besides. */
const MAX_PENDING_CHECKS = MAX_PENDING_LOADS + 16
/** How long a caller may wait, in milliseconds: for a load and for a call, on a machine that is busy. */
const LONGEST_WAIT_MS = 2 * DEADLINE_MS + 1_000
const ANSWERED_MS = 3_000
const MIB = 2 ** 20

/** What has to hold when the load has ended and everything was stopped. */
export async function checksAtTheEnd(
  stage: Stage,
  { heapSamples, complaints }: { readonly heapSamples: readonly number[]; readonly complaints: Complaints },
): Promise<Check[]> {
  const unanswered = await Promise.all(stage.acts.map(({ load }) => load.stop(ANSWERED_MS)))
  stage.audit('when all callers were answered')
  await Promise.all(stage.acts.map((act) => stop(act)))
  stage.audit('after stop()')
  await untilNothingLingers(stage.acts)
  const connections = await connectionsLeft(stage)
  const growth = heapGrowth(heapSamples)
  return [
    ...stage.acts.flatMap((act, index) => checksOf(act, unanswered[index] ?? 0, connections)),
    check(
      'heap',
      growth <= MAX_HEAP_GROWTH,
      `${(growth / MIB).toFixed(1)} MiB more in the last rounds than in the first`,
    ),
    none('unhandled rejections', complaints.rejections),
    none('warnings', complaints.warnings),
  ]
}

/** Calls that never settle are not waited for; those that linger are. */
async function stop({ contestant: { kind, manager } }: Act): Promise<void> {
  await manager.stop({ timeoutMs: kind.manner === 'never settles' ? 100 : OWN_TIMEOUT_MS + 1_000 })
}

function checksOf(
  { contestant }: Act,
  unanswered: number,
  connections: Readonly<Record<string, number>>,
): readonly Check[] {
  const { kind, tally, ledger, contradictions } = contestant
  const { inFlight, abandonedCalls, abandonedLoads } = countsOf(contestant)
  const of = (what: string): string => `${kind.name}: ${what}`
  const pending = (census: { readonly peak: number }, max: number): string => `${census.peak} at once, ${max} allowed`
  const left = connections[applicationNameOf(kind)] ?? 0
  const alive = ledger.made - ledger.disposed
  return [
    none(of('counts add up'), contradictions),
    check(
      of('everybody was answered'),
      unanswered + inFlight === 0,
      `${unanswered} callers wait, inFlight ${inFlight}`,
    ),
    check(of('with the right answer'), tally.wrong === 0, `${tally.wrong} answers to another question`),
    check(of('in time'), tally.longestMs <= LONGEST_WAIT_MS, `one waited ${Math.round(tally.longestMs)} ms`),
    check(of('pending loads'), ledger.loads.peak <= MAX_PENDING_LOADS, pending(ledger.loads, MAX_PENDING_LOADS)),
    check(of('pending checks'), ledger.checks.peak <= MAX_PENDING_CHECKS, pending(ledger.checks, MAX_PENDING_CHECKS)),
    check(of('no instance is misused'), ledger.misuses === 0, `${ledger.misuses} uses after a disposal`),
    ...(kind.manner === 'never settles'
      ? []
      : [
          check(of('all instances are disposed'), alive === 0, `${alive} of ${ledger.made} are not`),
          check(
            of('nothing given up is left'),
            abandonedCalls + abandonedLoads === 0,
            `${abandonedCalls} calls, ${abandonedLoads} loads`,
          ),
        ]),
    ...(kind.backend === 'postgres' ? [check(of('connections are closed'), left === 0, `${left} are open`)] : []),
  ]
}

/** A load that was given up is not waited for by `stop()`; what it brings is disposed when it comes. */
async function untilNothingLingers(acts: readonly Act[]): Promise<void> {
  const lingering = acts.filter(({ contestant: { kind } }) => kind.manner !== 'never settles')
  const until = performance.now() + OWN_TIMEOUT_MS + 1_000
  while (performance.now() < until && lingering.some((act) => !isOver(act))) await delay(50)
}

function isOver({ contestant }: Act): boolean {
  const { abandonedCalls, abandonedLoads } = countsOf(contestant)
  return abandonedCalls + abandonedLoads === 0 && contestant.ledger.made === contestant.ledger.disposed
}

/** A connection that was closed is gone a moment later. */
async function connectionsLeft({ postgres }: Stage): Promise<Record<string, number>> {
  for (let time = 0; time < 10; time++) {
    const left = await postgres.connections()
    if (Object.keys(left).length === 0) return left
    await delay(100)
  }
  return postgres.connections()
}

function check(name: string, ok: boolean, detail: string): Check {
  return { name, ok, detail }
}

function none(name: string, found: readonly string[]): Check {
  return check(name, found.length === 0, `${found.length}\n${found.slice(0, 3).join('\n')}`)
}
