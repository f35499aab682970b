export { joinFleet } from './join-fleet.ts'
export type { FleetOptions, WhileDisconnected } from './options.ts'
export type { Fleet } from './fleet.ts'
export type {
  FleetCounts,
  FleetInvalidation,
  FleetMember,
  FleetState,
  FleetStatus,
  MemberView,
  ServiceReport,
  SharedCircuitView,
} from '@svcproxy/core'
// For implementations of a store.
export { circuitOf, decodeHint, encodeHint, type Hint, MAX_HINT_LENGTH } from './hint.ts'
export type {
  Evidence,
  FleetSnapshot,
  FleetStore,
  FleetStoreListener,
  Invalidated,
  ProbeLease,
  ProbeResult,
  Versions,
} from './store.ts'
