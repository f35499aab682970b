import { type RunningDemo, startDemo } from '@svcproxy/demo-services/running-demo'
import { stripVTControlCharacters } from 'node:util'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Browser } from 'playwright-core'
import { launchChromium, MISSING_CHROMIUM, visit } from './chromium.ts'
import { DEMOS } from './demos.ts'

const POLICY = { failureThreshold: 3, recoveryTimeoutMs: 4_000, successThreshold: 2, timeoutMs: 1_000 }

/** Asks for a vehicle again and again, as the demo's story does, until it is told to end. */
function traffic(url: string): AsyncDisposable {
  const end = new AbortController()
  const running = (async () => {
    while (!end.signal.aborted) {
      await (await fetch(`${url}/entities/veh-001`)).text()
      await new Promise((resolve) => void setTimeout(resolve, 25))
    }
  })()
  return {
    async [Symbol.asyncDispose]() {
      end.abort()
      await running
    },
  }
}

describe.skipIf(MISSING_CHROMIUM !== undefined)(`the demo's page in Chromium ${MISSING_CHROMIUM ?? ''}`.trim(), () => {
  const running: { browser?: Browser } = {}
  beforeAll(async () => {
    running.browser = await launchChromium()
  })
  afterAll(() => running.browser?.close())

  test.for(DEMOS)('$framework: shows the outage and the recovery as they happen', async (app) => {
    if (running.browser === undefined) throw new Error('Chromium did not start')
    await using demo = await startDemo(app, POLICY)
    const { world, server } = demo
    await using visited = await visit(running.browser, `${server.url}/ops/services`)
    const { page } = visited
    const row = page.getByRole('row', { name: /^entityService/ })
    {
      await using _asking = traffic(server.url)
      await row.getByText('Closed').waitFor()
      await world.embedded?.kill()
      await row.getByText('Open').waitFor()
      const countdown = row.getByText(/^trial in \d/)
      const seconds = new Set<string | null>()
      await expect
        .poll(async () => seconds.add(await countdown.textContent()).size, { timeout: 10_000 })
        .toBeGreaterThan(1)
      expect(await page.title()).toMatch(/^\(\d\) /)

      await world.embedded?.start()
      await row.getByText('Closed').waitFor({ timeout: 20_000 })
    }
    const timeline = page.getByRole('region', { name: 'Timeline' })
    for (const change of ['closed → open', 'open → half-open', 'half-open → closed']) {
      await timeline.getByText(`circuit ${change}`).first().waitFor()
    }
    expect(visited.complaints).toEqual([])
  })
})

/** What is looked at here of what the dashboard's page is told. */
interface Snapshot {
  readonly services: readonly { readonly name: string; readonly circuit: { readonly state: string } }[]
}

/** The circuits of the reads and of the audit trail, as an operator saw them again and again. */
function watching({ server }: RunningDemo): AsyncDisposable & { readonly seen: ReadonlySet<string> } {
  const seen = new Set<string>()
  const end = new AbortController()
  const running = (async () => {
    while (!end.signal.aborted) {
      const response = await fetch(`${server.url}/ops/services/api/snapshot`)
      const { services } = (await response.json()) as Snapshot
      const stateOf = (name: string) => services.find((service) => service.name === name)?.circuit.state
      seen.add(`reads ${stateOf('entityService')}, audit trail ${stateOf('securityAuditService')}`)
      await new Promise((resolve) => void setTimeout(resolve, 100))
    }
  })()
  return {
    seen,
    async [Symbol.asyncDispose]() {
      end.abort()
      await running
    },
  }
}

describe('the act of a disk that fails', () => {
  test.for(DEMOS)('$framework: retries help within their budget, and the rate opens a circuit', async (app) => {
    const printed: string[] = []
    using _log = vi
      .spyOn(console, 'log')
      .mockImplementation((line = '') => printed.push(stripVTControlCharacters(String(line))))
    await using demo = await startDemo(app)
    const { manager } = demo.world.context
    const operator = watching(demo)
    const wentAsTold = await demo.tell(1, 6)
    await operator[Symbol.asyncDispose]()
    const text = printed.join('\n')
    expect(wentAsTold, text).toBe(true)
    const numbers = (pattern: RegExp) => (pattern.exec(text) ?? []).slice(1).map(Number)

    // Retries answer more of the reads, though two of five statements fail; the load stays within the budget.
    const [plain = 0, all = 0] = numbers(/standard: (\d+) of (\d+) reads are answered/)
    const [answered = 0, asked = 0] = numbers(/proxied: (\d+) of (\d+) /)
    expect(plain / all).toBeGreaterThan(0.5)
    expect(plain / all).toBeLessThan(0.7)
    expect(answered / asked).toBeGreaterThan(plain / all + 0.05)
    const reads = manager.getProxy('entityService').getCounts()
    const [helped = 0, made = 0, denied = 0] = numbers(/(\d+) of (\d+) retries helped; (\d+) more were denied/)
    expect(Math.min(helped, made - helped, denied)).toBeGreaterThan(0)
    expect(reads.retries.success).toBeGreaterThanOrEqual(helped)
    expect(reads.retries.denied).toBeGreaterThanOrEqual(denied)
    const [load = 0] = numbers(/: (\d\.\d\d) times the load/)
    expect(load).toBeGreaterThan(1.1)
    expect(load).toBeLessThan(1.3)

    // The rate opens the circuit of the audit trail: failures in a row do not, and the reads go on.
    const [failed = 0, calls = 0, inARow, ofThem] = numbers(
      /circuit open by its rate: (\d+) of (\d+) calls failed.+\n.+in a row: (\d) of the (\d)/,
    )
    expect(failed / calls).toBeGreaterThanOrEqual(0.3)
    expect([inARow, ofThem]).toEqual([1, 5])
    expect([...operator.seen]).toContain('reads closed, audit trail open')
    expect([...operator.seen].filter((states) => !states.startsWith('reads closed'))).toEqual([])
    expect(reads.circuitTransitions.open).toBe(0)

    // Commands are not tried again: what the proxy was answered is what is on record, once.
    const audit = manager.getProxy('securityAuditService').getCounts()
    expect(audit.retries).toEqual({ success: 0, failure: 0, denied: 0 })
    expect(audit.rejections.open).toBeGreaterThan(0)
    expect(audit.failedRequests).toBeGreaterThanOrEqual(failed)
    expect(await demo.auditEntriesOf('proxied')).toHaveLength(audit.successfulRequests)

    // When it is over everything is as before.
    expect(Object.values(manager.getAllMetrics()).map(({ circuitState }) => circuitState)).toEqual(
      Array(4).fill('closed'),
    )
    expect(text).toMatch(/✓ everything works: \d+ reads and \d+ commands, all answered/)
  })
})
