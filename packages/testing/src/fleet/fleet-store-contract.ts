import { describe, test } from 'vitest'
import { connectionCases } from './contract/connection-cases.ts'
import { evidenceCases } from './contract/evidence-cases.ts'
import type { FleetStoreHarness } from './contract/harness.ts'
import { memberCases } from './contract/member-cases.ts'
import { probeCases } from './contract/probe-cases.ts'
import { versionCases } from './contract/version-cases.ts'

/** Options of {@link fleetStoreContract}. */
export interface FleetStoreContractOptions {
  /**
   * Leaves out the promises that take longer than this, in milliseconds. For additional suites of an engine without a
   * manual clock: evidence, for example, expires only after ten seconds.
   * @defaultValue Infinity: none is left out
   */
  readonly longestMs?: number
}

/** One promise of a store. */
export interface FleetStorePromise {
  readonly topic: string
  readonly title: string
  /** How much time of the engine has to pass, in milliseconds, if it is more than a moment. */
  readonly lastsMs: number
  /** Checks the promise; rejects if it is broken. */
  expectKept(harness: FleetStoreHarness): Promise<void>
}

/**
 * The contract for stores of `@svcproxy/fleet`, as a vitest suite: the whole test file of a store, apart from tests of
 * its engine. Each test is named after the promise that it checks.
 *
 * @param name the name of the suite: the engine and its version
 * @param open opens an empty engine for one test; it is closed after the test
 * @param options which promises are left out
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
