export { breakerContract, type BreakerContractOptions } from './breaker-contract.ts'
export type { LibraryEmitter, LibraryEvents } from './breaker-contract/listeners.ts'
export {
  type Behaviour,
  fails,
  type FaultyCall,
  faultyService,
  type FaultyService,
  type FaultyServiceOptions,
  hangs,
  hangsUntilAborted,
  type Outage,
  slows,
  succeeds,
  throws,
} from './faulty-service.ts'
export { ManualClock, type ManualClockOptions } from './manual-clock.ts'
export { plainBreaker } from './plain-breaker.ts'
export { bindingContract } from './binding-contract.ts'
export type {
  BindingHarness,
  BuiltApp,
  ContractApp,
  ContractExchange,
  ContractRoute,
  ContractService,
  ContractServices,
} from './binding-contract/harness.ts'
