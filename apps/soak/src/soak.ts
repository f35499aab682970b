import { setTimeout as delay } from 'node:timers/promises'
import { listenToComplaints } from './complaints.ts'
import type { Complaints } from './complaints.ts'
import { countsOf, MAX_CONCURRENT_CALLS, RECOVERY_MS } from './contestant.ts'
import { heapInUse } from './heap.ts'
import type { Plan, Round } from './plan.ts'
import { seeded } from './random.ts'
import { playRound } from './round.ts'
import type { Played } from './round.ts'
import { Stage } from './stage.ts'
import type { Act } from './stage.ts'
import { allowedAtOnce } from './verdicts.ts'
import type { Check } from './verdicts.ts'
import { checksAtTheEnd } from './final-checks.ts'

/** What a round leaves behind; the round is undefined for the well phase before the first. */
export interface RoundReport extends Played {
  readonly round: Round | undefined
  /** What ran in the HTTP service at once, where it was more than is allowed. */
  readonly crowds: readonly Check[]
  readonly heapBytes: number
  /** Given-up work that still runs, of all proxies. */
  readonly abandonedCalls: number
  readonly abandonedLoads: number
}

export interface SoakOptions {
  readonly plan: Plan
  readonly signal: AbortSignal
  /** Told after each round, and after the well phase before the first. */
  readonly onRound: (report: RoundReport) => void
}

export interface SoakResult {
  readonly reports: readonly RoundReport[]
  readonly checks: readonly Check[]
  readonly complaints: Complaints
}

/** Outage after outage. @throws the signal's reason when it was interrupted; everything is cleaned up all the same */
export async function soak({ plan, signal, onRound }: SoakOptions): Promise<SoakResult> {
  using complaints = listenToComplaints()
  await using stage = await Stage.set(seeded(plan.seed))
  const reports: RoundReport[] = []
  const report = (one: RoundReport): void => {
    reports.push(one)
    onRound(one)
  }

  await delay(plan.judgedMs, undefined, { signal })
  report({ round: undefined, passages: [], slowestBeatMs: 0, crowds: [], ...measured(stage) })
  for (const round of plan.rounds) {
    await stage.http.report()
    const played = await playRound(stage, round, { judgedMs: plan.judgedMs, signal })
    report({ ...played, round, crowds: await crowdsOf(stage, round), ...measured(stage) })
  }
  const heapSamples = reports.map(({ heapBytes }) => heapBytes)
  return { reports, checks: await checksAtTheEnd(stage, { heapSamples, complaints }), complaints }
}

function measured({ acts }: Stage): Pick<RoundReport, 'heapBytes' | 'abandonedCalls' | 'abandonedLoads'> {
  const counts = acts.map(({ contestant }) => countsOf(contestant))
  return {
    heapBytes: heapInUse(),
    abandonedCalls: counts.reduce((sum, { abandonedCalls }) => sum + abandonedCalls, 0),
    abandonedLoads: counts.reduce((sum, { abandonedLoads }) => sum + abandonedLoads, 0),
  }
}

/** Each proxy before the HTTP service, by what the service counted. */
async function crowdsOf({ http, acts }: Stage, { troubleMs }: Round): Promise<Check[]> {
  const { sustained } = await http.report()
  const ofHttp = ({ contestant: { kind } }: Act): boolean => kind.backend === 'http'
  return acts.filter(ofHttp).map(({ contestant: { kind } }) => {
    const most = sustained[kind.name] ?? 0
    const allowed = allowedAtOnce(kind, { places: MAX_CONCURRENT_CALLS, troubleMs, recoveryMs: RECOVERY_MS })
    return { name: kind.name, ok: most <= allowed, detail: `${most} at once in the service, ${allowed} allowed` }
  })
}
