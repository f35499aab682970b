export { MemoryFleet, type MemoryFleetOptions, type MemoryFleetStore, type SavedFleet } from './memory-fleet.ts'
export { fleetStoreContract } from './fleet-store-contract.ts'
export type { FleetStoreHarness } from './contract/harness.ts'
