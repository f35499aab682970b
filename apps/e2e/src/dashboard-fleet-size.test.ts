import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { expectReadable } from './accessibility.ts'
import { launchChromium, MISSING_CHROMIUM } from './chromium.ts'
import { fleetPanel } from './fleet-page.ts'
import { type Application, faults, openApplication, visitApplication } from './fleet-scene.ts'
import { askTimes, breakCircuit } from './scene.ts'

const running: { browser?: Browser; application?: Application } = {}

describe.skipIf(MISSING_CHROMIUM !== undefined)(
  `a fleet of twenty in Chromium ${MISSING_CHROMIUM ?? ''}`.trim(),
  () => {
    beforeAll(async () => {
      running.browser = await launchChromium()
      running.application = await openTwenty()
    }, 60_000)
    afterAll(async () => {
      await running.browser?.close()
      await running.application?.[Symbol.asyncDispose]()
    })

    test('is accessible in each theme, on a desk and on a phone, and scrolls by itself', async () => {
      const { browser, application } = running
      if (browser === undefined || application === undefined) throw new Error('It did not start')
      await using visited = await visitApplication(browser, application)
      const { page } = visited
      const panel = fleetPanel(page)
      await panel.getByText('open in all 20').waitFor()
      await panel.getByText('open in 1 of 20, failing in 1').waitFor()
      expect(await panel.getByRole('columnheader').count()).toBe(21)
      expect(await panel.getByRole('rowheader').count()).toBe(12)
      await expectReadable(page, () => scrollsByItself(page))
      expect(faults(visited)).toEqual([])
    })
  },
)

/** Search is open in all of them; some services are ill in one. */
async function openTwenty(): Promise<Application> {
  const application = await openApplication({
    labels: Array.from({ length: 20 }, (_, index) => `shop-6d4cf56db6-${index + 10}x`),
    services: ['search', 'billing', ...Array.from({ length: 10 }, (_, index) => `anotherService${index}`)],
    shared: ['search'],
  })
  const { processes } = application
  await Promise.all(processes.slice(0, 8).map((process) => breakCircuit(process, 'search')))
  await breakCircuit(processes[4]!, 'billing')
  processes[5]!.services['billing']!.behaviour = 'fails'
  await askTimes(processes[5]!, 'billing', 2)
  processes[6]!.manager.getProxy('anotherService9').isolateCircuit()
  return application
}

/** With the arrow keys, and the names of the services stay. */
async function scrollsByItself(page: Page): Promise<void> {
  const panel = fleetPanel(page)
  const first = panel.getByRole('rowheader').first()
  const before = await first.boundingBox()
  const scroller = panel.getByRole('region', { name: 'Circuits by process' })
  const distance = await scroller.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)
  await scroller.evaluate((element) => (element.scrollLeft = 0))
  await scroller.focus()
  await page.keyboard.press('ArrowRight')
  await expect.poll(() => scroller.evaluate(({ scrollLeft }) => scrollLeft)).toBe(Math.min(distance, 40))
  expect((await first.boundingBox())?.x).toBe(before?.x)
}
