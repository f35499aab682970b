import { startDemo } from '@svcproxy/demo-services/running-demo'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
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
