import { describe, test } from 'vitest'
import { clientCases } from './binding-contract/client-cases.ts'
import { contextCases } from './binding-contract/context-cases.ts'
import { errorCases } from './binding-contract/error-cases.ts'
import type { BindingHarness } from './binding-contract/harness.ts'
import { healthCases } from './binding-contract/health-cases.ts'
import { operationsCases } from './binding-contract/operations-cases.ts'
import { serviceCases } from './binding-contract/service-cases.ts'
import { shutdownCases } from './binding-contract/shutdown-cases.ts'

/**
 * The contract for bindings of web frameworks, as a vitest suite over real sockets: the whole test file of a binding.
 * Each test is named after the promise that it checks.
 *
 * @param name the name of the suite: the framework and its major version
 * @param harness builds applications with the binding
 */
export function bindingContract(name: string, harness: BindingHarness): void {
  describe(`${name} keeps the binding contract`, () => {
    for (const [topic, cases] of TOPICS) {
      describe(topic, () => {
        for (const [title, expectKept] of cases) test(title, { timeout: 30_000 }, () => expectKept(harness))
      })
    }
  })
}

const TOPICS = [
  ['services', serviceCases],
  ['errors', errorCases],
  ['clients', clientCases],
  ['health', healthCases],
  ['operations', operationsCases],
  ['async context', contextCases],
  ['shutdown', shutdownCases],
] as const
