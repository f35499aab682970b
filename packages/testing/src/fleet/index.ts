export { MemoryFleet, type MemoryFleetOptions, type MemoryFleetStore, type SavedFleet } from './memory-fleet.ts'
export { fleetStoreContract, type FleetStoreContractOptions } from './fleet-store-contract.ts'
export type { FleetStoreHarness } from './contract/harness.ts'
