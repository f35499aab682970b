// Puts known faults back, one at a time, and expects the test of its name to fail: a regression test that cannot fail
// keeps nothing. The sources on disk are not touched; vitest is given changed ones.
//     npm run faults
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startVitest } from 'vitest/node'

const core = resolve(fileURLToPath(import.meta.url), '../../packages/core')
const http = resolve(core, '../http')

/**
 * The edits that bring a fault back, each the ending of a file's name, a text, and what replaces it.
 * @typedef {[string, string, string][]} Edits
 */

/**
 * The ten of the implementation that the pattern comes from, by number.
 * @type {Record<string, Edits>}
 */
const OF_THE_ORIGINAL = {
  1: [['instance-cache.ts', 'this.#flight ?? this.#depart(', 'this.#depart(']],
  2: [
    [
      'state-machine.ts',
      "if (phase.state !== 'half_open' ||",
      "if (phase.state === 'open') this.#open(now)\n    if (phase.state !== 'half_open' ||",
    ],
  ],
  3: [['state-machine.ts', 'phase.trials.size >= this.#policy.maxTrials) return undefined', 'false) return undefined']],
  4: [['service-metrics.ts', 'this.#hits++\n    this.#successful++', 'this.#hits++']],
  5: [
    ['service-proxy.ts', 'else this.#requests.resolver.cache.suspect()', ''],
    ['service-resolver.ts', 'this.cache.acquire(true, signal, call)', 'this.cache.acquire(false, signal, call)'],
  ],
  6: [
    [
      'service-proxy-manager.ts',
      'get: () => proxy.service',
      'get: () => new ServiceProxy<T>(name, mergeSettings(this.#defaults, options)).service',
    ],
  ],
  7: [['service-proxy-manager.ts', 'await healthOf(proxy, bounded)', 'healthOf(proxy, bounded)']],
  8: [['option-checks.ts', 'return value === undefined ? defaultValue', 'return !value ? defaultValue']],
  9: [['service-proxy-manager.ts', 'if (this.#proxies.has(name)) throw', 'if (false) throw']],
  10: [['.ts', 'lock.now()', 'lock.wallNow()']],
}

/**
 * Those that made an outage last longer than it did, by the number of their tests.
 * @type {Record<string, Edits>}
 */
const OF_OUTAGES = {
  '1. given-up calls keep their places': [['call-ledger.ts', 'call.writeOff()', '']],
  '1. trials are refused for capacity': [
    ['requests.ts', '!this.context.guard.letsThroughAt(startedAt)', 'this.context.guard.refusesAt(startedAt)'],
  ],
  '2. a load that hangs keeps others away for 30 s': [
    [
      'pending-work.ts',
      'return oldest.startedAt + Math.min(pauseMs,',
      'return oldest.startedAt + 30_000 + Math.min(pauseMs,',
    ],
  ],
  '2. loads that hang pile up': [
    ['pending-work.ts', 'if (oldest === undefined) return -Infinity', 'return -Infinity'],
    ['pending-work.ts', 'if (pending.size >= this.#limit) return false', ''],
  ],
  '2. a back-off outlives the outage': [['backoff.ts', '2 ** doublings, inProportion)', '2 ** doublings)']],
  '3. a broken instance is trusted again': [
    ['service-proxy.ts', 'this.#requests.resolver.cache.distrust()', 'this.#requests.resolver.cache.suspect()'],
  ],
  '4. a method has no signal': [['call-signal.ts', 'return entered?.enteredContext?.signal', 'return undefined']],
  '5. the check is a trial of its own': [['service-loader.ts', 'trial ? guard.executeInTime(attempt) :', '']],
  '6. a fallback has no deadline': [
    ['fallback.ts', 'DeadlineQueue.join(clock, fallbackTimeoutMs)', 'DeadlineQueue.join(clock, 1e9)'],
  ],
  '7. a healthy pool is made anew': [['cache-slot.ts', "return renew === 'check' &&", 'return false &&']],
  '8. an answer counts for nothing': [['outcome.ts', "isSvcproxyError(error) ? 'ignored' : 'success'", "'ignored'"]],
  '9. a stream is cut': [['call-attempt.ts', 'ledger.lifetimes.holdWhileRead(this.#instance, result)', 'void 0']],
  '9. what a call gave has no grace': [['call-attempt.ts', 'instance.exposed = true', '']],
  '10. a load runs for the first caller': [
    ['instance-cache.ts', 'outsideRequests(() => this.#fly(flight, trial))', 'this.#fly(flight, trial)'],
  ],
}

/**
 * Of the circuit's further policies.
 * @type {Record<string, Edits>}
 */
const OF_POLICIES = {
  'a circuit that observes makes its instance suspect': [
    ['service-proxy.ts', "to === 'open' && !observed", "to === 'open'"],
  ],
  'a circuit that observes refuses': [['gate.ts', "this.policy.mode === 'observe' &&", 'false &&']],
  'an isolation does not hold where the circuit observes': [['gate.ts', '&& !this.#machine.isIsolated', '']],
  'a rate counts what left its window': [['trip-rules.ts', 'new TimeWindow(rate.windowMs)', 'new TimeWindow(1e12)']],
  'a refusal in the ramp says that it may be tried at once': [['gate.ts', 'this.#machine.rampLeftMs(now) ||', '']],
  'every opening is as long': [['state-machine.ts', 'factor ** (openings - 1)', '1']],
}

/**
 * Of the policies of single methods.
 * @type {Record<string, Edits>}
 */
const OF_METHODS = {
  'a deadline is the service’s for all': [['deadline.ts', 'if (timeoutMs === undefined) return this', 'return this']],
  'a trial is given up before its deadline': [['gate.ts', ', attempt.timeoutMs, attempt.isLoad)', ')']],
  'the queue of a deadline is kept for ever': [['deadline.ts', 'this.#queue.leave()', 'void 0']],
  'a method does not judge its errors': [['deadline.ts', 'if (isFailure !== undefined) return', 'if (false) return']],
  'a misspelt method opens the circuit': [['outcome.ts', '|| error instanceof InvalidOptionError', '']],
}

/**
 * Of calls that are tried again.
 * @type {Record<string, Edits>}
 */
const OF_RETRIES = {
  'retries have no budget': [['retries.ts', '!this.#allowance.take(now)', 'false']],
  'what opened the circuit is tried again': [['retries.ts', '|| !this.mayAskAt(now)) return', ') return']],
  'a retry is made though the circuit has opened': [
    ['requests.ts', 'if (this.retries?.mayAskAt(now) === true) return', 'return'],
  ],
  'a caller is told that it was not asked again': [
    ['call-attempt.ts', 'this.endRequest(this.before, now)', 'this.#answer(end, outcome, now, error)'],
  ],
  'a wait outlives its caller': [['retries.ts', 'unlessAborted(waited, signal)', 'waited']],
  'a wait outlives the proxy': [['retries.ts', 'for (const resume of this.#waiting) resume()', '']],
  'a hang is no failure when the request has no more time': [
    ['abort-source.ts', "source?.isDeadline === true ? 'timeout' :", ''],
  ],
  'every attempt is a request': [
    [
      'call-attempt.ts',
      'else this.goesOn =',
      'else this.#answer(end, outcome, now, error)\n    if (waitMs !== undefined) this.goesOn =',
    ],
  ],
}

/**
 * Of calls that wait for a place.
 * @type {Record<string, Edits>}
 */
const OF_THE_QUEUE = {
  'who came last is called first': [
    ['call-queue.ts', 'for (const first of this.#waiting)', 'for (const first of [...this.#waiting].reverse())'],
  ],
  'a place is lost when its caller gives up in that moment': [
    ['requests.ts', 'if (waiting.hasPlace) this.placeLeft()', ''],
  ],
  'an open circuit leaves calls waiting': [['service-proxy.ts', 'this.#requests.refuseQueued()', 'void 0']],
  'who waits keeps the instance': [['requests.ts', 'attempt.letGo()', 'this.runningCalls--']],
  'a call waits for ever': [['requests.ts', 'timeoutMs: requestTimeoutMs ?? attempt.timeoutMs', 'timeoutMs: 1e9']],
}

/**
 * Of the requests of a binding.
 * @type {Record<string, Edits>}
 */
const OF_REQUESTS = {
  'a client that leaves stops a write halfway': [
    ['request-scope.ts', 'this.#endsWithClient ? this.#client : undefined', 'this.#client'],
  ],
}

/**
 * Of the shutdown.
 * @type {Record<string, Edits>}
 */
const OF_SHUTDOWN = {
  'readiness does not fail at SIGTERM': [['health-endpoints.ts', 'ending.hasBegun', 'false']],
  'the listener closes at once': [['server-drain.ts', 'if (readyDelayMs > 0 &&', 'if (false &&']],
  'answers do not say that the connection closes': [['last-answers.ts', 'hangUpAfter(response)', 'undefined']],
}

/** @type {[root: string, testFile: string, faults: Record<string, Edits>][]} */
const SUITES = [
  [core, 'src/faults-of-the-original.test.ts', OF_THE_ORIGINAL],
  [core, 'src/do-no-harm.test.ts', OF_OUTAGES],
  [core, 'src/circuit-policies.test.ts', OF_POLICIES],
  [core, 'src/method-policies.test.ts', OF_METHODS],
  [core, 'src/calls/retries.test.ts', OF_RETRIES],
  [core, 'src/calls/call-queue.test.ts', OF_THE_QUEUE],
  [http, 'src/request-scope.test.ts', OF_REQUESTS],
  [http, 'src/shutdown/shutdown.test.ts', OF_SHUTDOWN],
]

const ALL = SUITES.flatMap(([root, testFile, faults]) =>
  Object.entries(faults).map(([name, edits]) => ({ root, testFile, name, edits })),
)

// Vitest runs once in a process, so several processes share the faults: `faults.mjs PART` does every n-th of them.
const PROCESSES = Math.min(4, availableParallelism())
const part = process.argv[2]
process.exitCode = part === undefined ? await inSeveralProcesses() : await putBack(Number(part))

async function inSeveralProcesses() {
  const codes = await Promise.all(
    Array.from({ length: PROCESSES }, async (_, number) => {
      const child = fork(fileURLToPath(import.meta.url), [String(number)])
      const [code] = await once(child, 'exit')
      return code
    }),
  )
  const areCaught = codes.every((code) => code === 0)
  console.log(
    areCaught
      ? `${ALL.length} faults: each is caught by the test of its name.`
      : 'There are faults that are not caught.',
  )
  return areCaught ? 0 : 1
}

/** @param {number} number */
async function putBack(number) {
  let missed = 0
  for (const { root, testFile, name, edits } of ALL.filter((_, index) => index % PROCESSES === number)) {
    // Those without a number are told by any test of the file.
    const which = /^\d+/.exec(name)?.[0]
    const named = which === undefined ? undefined : new RegExp(String.raw`(^|\s)${which}\. `)
    const { failedTests, applied } = await runWith({ root, testFile, edits, named })
    const killed = failedTests.length > 0
    const complete = applied === edits.length
    if (!killed || !complete) missed++
    const verdict = killed ? 'its test fails' : 'ITS TEST PASSES'
    console.log(`fault ${name} put back: ${complete ? verdict : 'ITS EDITS NO LONGER APPLY'}`)
  }
  return missed === 0 ? 0 : 1
}

/**
 * @param {object} run
 * @param {string} run.root
 * @param {string} run.testFile
 * @param {Edits} run.edits
 * @param {RegExp | undefined} run.named which tests run; undefined: all
 */
async function runWith({ root, testFile, edits, named }) {
  const applied = new Set()
  const vitest = await startVitest(
    [testFile],
    // A fault that makes a test hang is caught when it has hung for so long.
    {
      root,
      watch: false,
      testTimeout: 5_000,
      hookTimeout: 5_000,
      reporters: [{}],
      include: [testFile],
      maxWorkers: 1,
      ...(named && { testNamePattern: named }),
      // One test that fails is enough.
      bail: 1,
      fsModuleCache: false,
    },
    {
      plugins: [
        {
          name: 'put-fault-back',
          enforce: 'pre',
          transform(code, id) {
            if (!id.startsWith(`${root}/src/`) || id.endsWith('.test.ts')) return undefined
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
    .flatMap((module) => [...module.children.allTests('failed')].map((test) => test.fullName))
  await vitest.close()
  return { failedTests, applied: applied.size }
}
