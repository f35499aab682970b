// Puts each fault of the original back into core, one at a time, and expects the test of its name to fail: a
// regression test that cannot fail keeps nothing. The sources on disk are not touched; vitest is given changed ones.
//     npm run faults
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startVitest } from 'vitest/node'

const core = resolve(fileURLToPath(import.meta.url), '../../packages/core')
const TEST_FILE = 'src/faults-of-the-original.test.ts'

/**
 * By the number of the fault: the edits that bring it back, each the ending of a file's name, a text, and what replaces it.
 * @type {Record<number, [string, string, string][]>}
 */
const FAULTS = {
  1: [['instance-cache.ts', 'this.#flight ?? this.#depart(', 'this.#depart(']],
  2: [
    [
      'state-machine.ts',
      "if (phase.state !== 'half_open' ||",
      "if (phase.state === 'open') this.#open(now)\n    if (phase.state !== 'half_open' ||",
    ],
  ],
  3: [
    ['state-machine.ts', 'phase.trials.size >= this.#policy.maxTrials) return undefined', 'false) return undefined'],
    ['service-resolver.ts', 'isTrial && this.cache.loading', 'false'],
  ],
  4: [['service-metrics.ts', 'this.#hits++\n    this.#successful++', 'this.#hits++']],
  5: [
    ['service-proxy.ts', "if (to === 'open') this.#resolver.cache.suspect()", ''],
    ['service-resolver.ts', 'this.cache.acquire(isTrial, signal)', 'this.cache.acquire(false, signal)'],
  ],
  6: [
    [
      'service-proxy-manager.ts',
      'get: () => proxy.service',
      'get: () => new ServiceProxy<T>(name, mergeSettings(this.#defaults, options)).service',
    ],
  ],
  7: [['service-proxy-manager.ts', 'await healthOf(proxy, bounded)', 'healthOf(proxy, bounded)']],
  8: [['options.ts', 'if (value === undefined) return defaultValue', 'if (!value) return defaultValue']],
  9: [['service-proxy-manager.ts', 'if (this.#proxies.has(name)) throw', 'if (false) throw']],
  10: [['.ts', 'lock.now()', 'lock.wallNow()']],
}

let missed = 0
for (const [number, edits] of Object.entries(FAULTS)) {
  const { failedTests, applied } = await runWith(edits)
  const killed = failedTests.some((name) => name.startsWith(`${number}. `))
  const complete = applied === edits.length
  if (!killed || !complete) missed++
  const verdict = killed ? 'its test fails' : 'ITS TEST PASSES'
  console.log(`fault ${number.padStart(2)} put back: ${complete ? verdict : 'ITS EDITS NO LONGER APPLY'}`)
}
console.log(missed === 0 ? 'Every fault is caught by the test of its name.' : `${missed} faults are not caught.`)
process.exit(missed === 0 ? 0 : 1)

/** @param {[string, string, string][]} edits */
async function runWith(edits) {
  const applied = new Set()
  const vitest = await startVitest(
    [TEST_FILE],
    { root: core, watch: false, reporters: [{}], include: [TEST_FILE], maxWorkers: 1, fsModuleCache: false },
    {
      plugins: [
        {
          name: 'put-fault-back',
          enforce: 'pre',
          transform(code, id) {
            if (!id.startsWith(`${core}/src/`) || id.endsWith('.test.ts')) return undefined
            return edits.reduce((source, edit) => {
              const [ending, from, to] = edit
              if (!id.endsWith(ending) || !source.includes(from)) return source
              applied.add(edit)
              return source.replaceAll(from, to)
            }, code)
          },
        },
      ],
    },
  )
  const failedTests = vitest.state
    .getTestModules()
    .flatMap((module) => [...module.children.allTests('failed')].map((test) => test.name))
  await vitest.close()
  return { failedTests, applied: applied.size }
}
