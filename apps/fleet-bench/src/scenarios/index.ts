import type { Scenario } from '../scenario.ts'
import { cost } from './cost.ts'
import { frozen } from './frozen.ts'
import { halfOpen } from './half-open.ts'
import { healthy } from './healthy.ts'
import { invalidation } from './invalidation.ts'
import { longOutage } from './long-outage.ts'
import { oneBadCable } from './one-bad-cable.ts'
import { opening } from './opening.ts'
import { outage } from './outage.ts'
import { prober } from './prober.ts'
import { probes } from './probes.ts'
import { random } from './random.ts'

/** The quick ones first. */
export const scenarios: readonly Scenario[] = [
  opening,
  probes,
  prober,
  oneBadCable,
  invalidation,
  cost,
  healthy,
  halfOpen,
  outage,
  frozen,
  random,
  longOutage,
]
