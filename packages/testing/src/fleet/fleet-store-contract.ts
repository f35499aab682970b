import { describe, test } from 'vitest'
import { connectionCases } from './contract/connection-cases.ts'
import { evidenceCases } from './contract/evidence-cases.ts'
import type { FleetStoreHarness } from './contract/harness.ts'
import { memberCases } from './contract/member-cases.ts'
import { probeCases } from './contract/probe-cases.ts'
import { versionCases } from './contract/version-cases.ts'

/** How the contract of a store is run. */
export interface FleetStoreContractOptions {
  /**
   * Leaves out the promises that take longer than this, in milliseconds. For one of several suites of an engine whose time
   * can only be waited for: evidence ends after ten seconds.
   * @defaultValue Infinity: none is left out
   */
  readonly longestMs?: number
}

/** One promise of a store. */
export interface FleetStorePromise {
  readonly topic: string
  readonly title: string
  /** How long the engine's time has to pass, in milliseconds, where that is more than a moment. */
  readonly lastsMs: number
  /** Rejects when it is broken. */
  expectKept(harness: FleetStoreHarness): Promise<void>
}

/**
 * The contract of the stores of `@svcproxy/fleet`, as a vitest suite: the whole test file of a store, beside what is its
 * engine's own. Every test is named after the promise it keeps.
 *
 * @param name what the suite is called: the engine and its version
 * @param open an engine with nothing in it, for one test; it is closed after it
 */
export function fleetStoreContract(
  name: string,
  open: () => Promise<FleetStoreHarness>,
  { longestMs = Infinity }: FleetStoreContractOptions = {},
): void {
  describe(`${name} keeps the contract of a store`, () => {
    for (const { topic, title, lastsMs, expectKept } of PROMISES) {
      if (lastsMs > longestMs) continue
      test(`${topic}: ${title}`, { timeout: 30_000 }, async () => {
        await using harness = await open()
        await expectKept(harness)
      })
    }
  })
}

/** @internal */
export const PROMISES: readonly FleetStorePromise[] = Object.entries({
  connection: connectionCases,
  versions: versionCases,
  members: memberCases,
  evidence: evidenceCases,
  probes: probeCases,
}).flatMap(([topic, cases]) => cases.map(([title, expectKept, lastsMs = 0]) => ({ topic, title, expectKept, lastsMs })))
