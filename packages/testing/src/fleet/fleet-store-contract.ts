import { describe, test } from 'vitest'
import { circuitCases } from './contract/circuit-cases.ts'
import { connectionCases } from './contract/connection-cases.ts'
import type { FleetStoreHarness } from './contract/harness.ts'
import { memberCases } from './contract/member-cases.ts'
import { versionCases } from './contract/version-cases.ts'

/**
 * The contract of the stores of `@svcproxy/fleet`, as a vitest suite: the whole test file of a store, beside what is its
 * engine's own. Every test is named after the promise it keeps.
 *
 * @param name what the suite is called: the engine and its version
 * @param open an engine with nothing in it, for one test; it is closed after it
 */
export function fleetStoreContract(name: string, open: () => Promise<FleetStoreHarness>): void {
  describe(`${name} keeps the contract of a store`, () => {
    for (const [topic, cases] of TOPICS) {
      describe(topic, () => {
        for (const [title, expectKept] of cases) {
          test(title, { timeout: 30_000 }, async () => {
            await using harness = await open()
            await expectKept(harness)
          })
        }
      })
    }
  })
}

const TOPICS = [
  ['connection', connectionCases],
  ['versions', versionCases],
  ['members', memberCases],
  ['circuits', circuitCases],
] as const
