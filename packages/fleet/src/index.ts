export { joinFleet } from './join-fleet.ts'
export type { FleetOptions, WhileDisconnected } from './options.ts'
export type { Fleet, FleetCounts, FleetInvalidation, FleetState, FleetStatus } from './status.ts'
// For stores.
export { circuitOf, decodeHint, encodeHint, type Hint, MAX_HINT_LENGTH } from './hint.ts'
export type {
  Evidence,
  FleetMember,
  FleetSnapshot,
  FleetStore,
  FleetStoreListener,
  Invalidated,
  MemberView,
  ProbeLease,
  ProbeResult,
  ServiceReport,
  SharedCircuitView,
  Versions,
} from './store.ts'
