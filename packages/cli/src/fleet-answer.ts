import type { ErrorView, FleetCircuitView, FleetMemberView, FleetView } from '@svcproxy/http'
import { ERROR } from './answer-parts.ts'
import { isNumber, isText, listOf, objectOf, oneOf, orNull, recordOf, type Shape } from './shape.ts'

/** A circuit that the fleet shares. */
export interface SharedCircuit extends Omit<FleetCircuitView, 'probe'> {
  readonly probe: { readonly member: string } | null
}

/** The parts of a process's fleet that this command reads. */
export interface Fleet extends Omit<FleetView, 'circuits' | 'counts' | 'lastError'> {
  readonly circuits: readonly SharedCircuit[]
  readonly counts: Pick<FleetView['counts'], 'missedHints' | 'resyncs'>
  readonly lastError: ErrorView | null
}

/** A process of the fleet. */
export type Member = FleetMemberView
/** What a process reports about a service that is not entirely healthy. */
export type Report = Member['services'][string]

const isReport = objectOf<Report>({
  state: oneOf('closed', 'open', 'half_open', 'isolated', 'disabled'),
  failures: isNumber,
})

export const isFleet: Shape<Fleet> = objectOf<Fleet>({
  namespace: isText,
  state: oneOf('connecting', 'connected', 'degraded', 'left'),
  since: isText,
  member: isText,
  members: listOf(objectOf<Member>({ id: isText, label: isText, seenAt: isText, services: recordOf(isReport) })),
  circuits: listOf(
    objectOf<SharedCircuit>({
      service: isText,
      state: oneOf('closed', 'open'),
      retryAt: orNull(isText),
      probe: orNull(objectOf<{ readonly member: string }>({ member: isText })),
    }),
  ),
  queuedInvalidations: isNumber,
  counts: objectOf<Fleet['counts']>({ missedHints: isNumber, resyncs: isNumber }),
  lastError: orNull(objectOf<ErrorView>(ERROR)),
})
