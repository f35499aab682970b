import { setTimeout as delay } from 'node:timers/promises'
import { factoryProvider, ServiceProxy } from '@svcproxy/core'
import type { ProxySettings } from '@svcproxy/core'
import { ClientFaults } from './client-faults.ts'
import { httpClient } from './http/http-client.ts'
import { HttpService } from './http/http-service.ts'
import type { RecordsClient } from './records.ts'

const CALLERS = 1_000
/** Each caller asks so often, in milliseconds. */
const EVERY_MS = 1_000
const FAILURE_MS = 10_000
/** How long after that everybody has to be well again. */
const WELL_MS = 2_000
const MAX_LOAD = 1.25
/** Three attempts at everything: less than this, and the comparison says nothing. */
const MIN_LOAD_WITHOUT_BUDGET = 2.5

/** What callers do about failures. */
interface Manner {
  readonly name: string
  readonly settings: ProxySettings
  readonly retry: boolean
}

const MANNERS: readonly Manner[] = [
  { name: 'no retries', settings: {}, retry: false },
  { name: 'retries, budget', settings: {}, retry: true },
  { name: 'retries, no budget', settings: { retryBudget: { ratio: 10, minPerSecond: 1_000_000 } }, retry: true },
]

/** What came of one storm. */
interface Outcome {
  readonly calls: number
  readonly requests: number
  /** Calls that failed, of the last second. */
  readonly failedWhenWell: number
}

/**
 * A service that fails for ten seconds, and a thousand callers who try three times each: the load on the service with
 * the budget of retries and without, beside that of callers who do not try again. No circuit helps: it would end the storm.
 * @returns whether the budget held
 */
export async function storm(print: (line: string) => void): Promise<boolean> {
  const faults = new ClientFaults()
  await using service = await HttpService.start(faults)
  print(`${CALLERS} callers, one call a second each; the service fails for ${FAILURE_MS / 1_000} s\n`)
  print(['', 'calls', 'requests', 'load', 'failed when well'].map((cell) => cell.padEnd(20)).join(''))
  const loads: number[] = []
  for (const manner of MANNERS) {
    const { calls, requests, failedWhenWell } = await weather(service, manner)
    const load = requests / calls
    loads.push(failedWhenWell === 0 ? load : Number.NaN)
    print(
      [manner.name, calls, requests, load.toFixed(2), failedWhenWell].map((cell) => String(cell).padEnd(20)).join(''),
    )
  }
  const [, budget = Number.NaN, withoutBudget = Number.NaN] = loads
  const held = budget <= MAX_LOAD && withoutBudget >= MIN_LOAD_WITHOUT_BUDGET
  print(`\n${held ? 'The budget held' : 'FAILED'}: ${budget.toFixed(2)} of ${MAX_LOAD} allowed`)
  return held
}

async function weather(service: HttpService, { name, settings, retry }: Manner): Promise<Outcome> {
  const provider = factoryProvider<RecordsClient>('records', {
    create: () => httpClient(service.port, { name, manner: 'cancels' }),
    dispose: (client) => client.end(),
  })
  const proxy = new ServiceProxy('records', { provider, ...settings, methods: { read: { retry } } })
  const over = new AbortController()
  let calls = 0
  let failed = 0
  async function caller(index: number): Promise<void> {
    await delay((index / CALLERS) * EVERY_MS)
    while (!over.signal.aborted) {
      const pause = delay(EVERY_MS)
      calls++
      await proxy.service.read(index, undefined).catch(() => failed++)
      await pause
    }
  }
  await service.begin('errors')
  const callers = Array.from({ length: CALLERS }, (_, index) => caller(index))
  await delay(FAILURE_MS)
  const duringFailure = { calls, requests: (await service.report()).requests[name] ?? 0 }
  await service.end()
  await delay(WELL_MS)
  const failedBefore = failed
  await delay(EVERY_MS)
  over.abort()
  await Promise.all(callers)
  await proxy.stop()
  return { ...duringFailure, failedWhenWell: failed - failedBefore }
}
