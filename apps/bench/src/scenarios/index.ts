import type { Scenario } from '../scenario.ts'
import { callWithSignals, guardedCall } from './call.ts'
import { failure, failureInWindow } from './failure.ts'
import { get } from './get.ts'
import { manyServices } from './many-services.ts'
import { observed } from './observed.ts'
import { policies } from './policies.ts'
import { rejection } from './rejection.ts'
import { snapshot } from './snapshot.ts'

/** In the order of the tables. */
export const scenarios: readonly Scenario[] = [
  get,
  guardedCall,
  callWithSignals,
  policies,
  rejection,
  failure,
  failureInWindow,
  manyServices,
  observed,
  snapshot,
]
