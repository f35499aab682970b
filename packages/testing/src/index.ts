export { breakerContract, type BreakerContractOptions, type LibraryEvents } from './breaker-contract.ts'
export { ManualClock, type ManualClockOptions } from './manual-clock.ts'
