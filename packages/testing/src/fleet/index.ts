export { MemoryFleet, type MemoryFleetOptions, type MemoryFleetStore, type SavedFleet } from './memory-fleet.ts'
