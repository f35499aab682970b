import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accessibilityViolations } from './accessibility.ts'
import { launchChromium, MISSING_CHROMIUM } from './chromium.ts'
import { lookAt, type Visitor } from './look.ts'
import { askTimes, breakAgain, breakCircuit, DAWDLE_MS, mendCircuit } from './scene.ts'

const running: { browser?: Browser } = {}

function look(visitor: Visitor): ReturnType<typeof lookAt> {
  if (running.browser === undefined) throw new Error('Chromium did not start')
  return lookAt(running.browser, { authorize: () => true }, visitor)
}

describe.skipIf(MISSING_CHROMIUM !== undefined)(`circuits in Chromium ${MISSING_CHROMIUM ?? ''}`.trim(), () => {
  beforeAll(async () => {
    running.browser = await launchChromium()
  }, 60_000)
  afterAll(() => running.browser?.close())

  test('one that only observes rejects nothing, and says so', async () => {
    await using seen = await look({
      circuits: { search: { mode: 'observe' } },
      prepare: async (scene) => {
        await breakCircuit(scene, 'search')
        await askTimes(scene, 'search', 4)
        // Callers meet the service, not the circuit.
        await expect(scene.manager.getProxy('search').service.ask()).rejects.toBe(scene.services['search']?.error)
      },
    })
    const { page } = seen
    await page
      .getByRole('row', { name: /^search .*Observing only rejects nothing would be open would reject 5 / })
      .waitFor()
    expect(await total(page, 'open').innerText()).toBe('0')
    expect(await total(page, 'observing only').innerText()).toBe('1')
    await page.getByRole('checkbox', { name: 'Only problems 0' }).waitFor()
    expect(await page.title()).not.toMatch(/^\(/)
    expect(await accessibilityViolations(page)).toEqual([])

    await page.emulateMedia({ colorScheme: 'dark' })
    await page.getByRole('link', { name: 'search' }).first().click()
    await page.getByText('Observing only', { exact: true }).waitFor()
    const now = await page.getByRole('region', { name: 'Now' }).innerText()
    expect(now).toMatch(/Would be open for[^]*Would have rejected\s+5\s+rejects nothing/i)
    expect(now).not.toContain('trial')
    expect(await accessibilityViolations(page)).toEqual([])
    expect(seen.complaints).toEqual([])
  })

  test('the windows of its rules are bars that say where it opens, and move with the calls', async () => {
    const failureRate = { ratio: 0.5, windowCalls: 40, minimumCalls: 30 }
    const slowCalls = { ratio: 0.8, windowCalls: 40, thresholdMs: DAWDLE_MS / 2 }
    await using seen = await look({ circuits: { billing: { failureThreshold: Infinity, failureRate, slowCalls } } })
    const { page, scene } = seen
    const billing = scene.services['billing']!
    const bar = (within: Locator, name: RegExp) => within.getByRole('img', { name }).waitFor({ timeout: 10_000 })
    const row = page.getByRole('row', { name: /^billing/ })
    // The instance that they work on was loaded by the circuit's leave too.
    await bar(row, /^0\s% of 21 calls failed; opens at 50\s% of 30 or more$/)
    await bar(row, /^0\s% of 21 calls slow; opens at 80\s% of 20 or more$/)

    await page.getByRole('link', { name: 'billing' }).first().click()
    const now = page.getByRole('region', { name: 'Now' })
    await now.getByText('needs 30 calls').waitFor()
    billing.behaviour = 'dawdles'
    await askTimes(scene, 'billing', 5)
    billing.behaviour = 'fails'
    await askTimes(scene, 'billing', 4)
    await bar(now, /^13\s% of 30 calls failed; opens at 50\s% of 30 or more$/)
    await bar(now, /^17\s% of 30 calls slow; opens at 80\s% of 20 or more$/)
    expect(await now.innerText()).toMatch(/Last 30 calls\s+13\s%\/50\s% failed\s+Last 30 calls\s+17\s%\/80\s% slow/i)
    expect(await now.getByText('calls on').count()).toBe(0)
    expect(await accessibilityViolations(page)).toEqual([])
    expect(seen.complaints).toEqual([])
  })

  test('after a close it counts down to the end of the ramp, and then says no more of it', async () => {
    await using seen = await look({
      circuits: { search: { recoveryTimeoutMs: 1, rampMs: 4_000 } },
      prepare: async (scene) => {
        await breakCircuit(scene, 'search')
        await mendCircuit(scene, 'search')
      },
    })
    const { page } = seen
    const row = page.getByRole('row', { name: /^search .*Closed ramp: all calls in \d/ })
    await row.waitFor()
    await page.getByRole('link', { name: 'search' }).first().click()
    const next = page.getByRole('region', { name: 'Now' }).getByText(/^ramp: all calls in \d+\ss$/)
    await next.waitFor()
    expect(await accessibilityViolations(page)).toEqual([])
    await next.waitFor({ state: 'detached', timeout: 15_000 })
    await page.getByText(/all calls/).waitFor({ state: 'detached' })
    await page.getByRole('link', { name: 'All services' }).click()
    await page.getByRole('row', { name: /^search .*Closed for \d/ }).waitFor()
    expect(seen.complaints).toEqual([])
  })

  test('one that opened again and again says how often, one that opened once does not', async () => {
    // They last a millisecond, a tenth of a second, and ten seconds.
    const recoveryBackoff = { factor: 100, jitterRatio: 0 }
    await using seen = await look({
      circuits: { search: { recoveryTimeoutMs: 1, recoveryBackoff } },
      prepare: async (scene) => {
        await breakCircuit(scene, 'billing')
        await breakCircuit(scene, 'search')
        await breakAgain(scene, 'search', 3)
      },
    })
    const { page } = seen
    await page.getByRole('row', { name: /^search .*Open trial in \d+\ss opened 3× / }).waitFor()
    await page.getByRole('row', { name: /^billing .*Open trial in \d+\ss – / }).waitFor()
    await page.getByRole('link', { name: 'search' }).first().click()
    await page.getByRole('region', { name: 'Now' }).getByText('opened 3×').waitFor()
    expect(await accessibilityViolations(page)).toEqual([])
    expect(seen.complaints).toEqual([])
  })
})

/** How many services are so, above the list. */
function total(page: Page, name: string): Locator {
  return page.locator('.totals > div', { has: page.getByText(name, { exact: true }) }).locator('dd')
}
