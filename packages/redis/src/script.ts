import { createHash } from 'node:crypto'
import { COMMON } from './scripts/common.lua.ts'
import { HEARTBEAT } from './scripts/heartbeat.lua.ts'
import { INVALIDATE } from './scripts/invalidate.lua.ts'
import { LEAVE } from './scripts/leave.lua.ts'
import { READ } from './scripts/read.lua.ts'
import { RENEW_PROBE } from './scripts/renew-probe.lua.ts'
import { REPORT } from './scripts/report.lua.ts'
import { SETTLE_PROBE } from './scripts/settle-probe.lua.ts'
import { TAKE_PROBE } from './scripts/take-probe.lua.ts'

/** A script and its SHA-1, by which Redis identifies it. */
export interface Script {
  readonly text: string
  readonly sha: string
}

/** The operations of a store. */
export type Operation =
  | 'invalidate'
  | 'read'
  | 'heartbeat'
  | 'leave'
  | 'report'
  | 'takeProbe'
  | 'renewProbe'
  | 'settleProbe'

/** One for each operation. */
export const SCRIPTS: Readonly<Record<Operation, Script>> = {
  invalidate: scriptOf(INVALIDATE),
  read: scriptOf(READ),
  heartbeat: scriptOf(HEARTBEAT),
  leave: scriptOf(LEAVE),
  report: scriptOf(REPORT),
  takeProbe: scriptOf(TAKE_PROBE),
  renewProbe: scriptOf(RENEW_PROBE),
  settleProbe: scriptOf(SETTLE_PROBE),
}

function scriptOf(operation: string): Script {
  const text = COMMON + operation
  return { text, sha: createHash('sha1').update(text).digest('hex') }
}
