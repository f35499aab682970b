import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accessibilityViolations } from './accessibility.ts'
import { launchChromium, MISSING_CHROMIUM } from './chromium.ts'
import { act, fleetPanel, fleetTable, LABELS, showProcess, trouble } from './fleet-page.ts'
import { type Application, faults, openApplication, shownProcess, visitApplication } from './fleet-scene.ts'
import { askTimes } from './scene.ts'

const running: { browser?: Browser } = {}
const visitIn = (application: Application, how?: Parameters<typeof visitApplication>[2]) => {
  if (running.browser === undefined) throw new Error('Chromium did not start')
  return visitApplication(running.browser, application, how)
}

describe.skipIf(MISSING_CHROMIUM !== undefined)(
  `a fleet in trouble in Chromium ${MISSING_CHROMIUM ?? ''}`.trim(),
  () => {
    beforeAll(async () => {
      running.browser = await launchChromium()
    }, 60_000)
    afterAll(() => running.browser?.close())

    test('while the store is away it says so, and invalidations wait', async () => {
      await using application = await openApplication({ labels: LABELS, shared: [] })
      await expect
        .poll(async () => {
          const fleets = application.processes.flatMap(({ manager }) => manager.fleet ?? [])
          await Promise.all(fleets.map((fleet) => fleet.refresh()))
          return fleets.map(({ status }) => status.members.length)
        })
        .toEqual([4, 4, 4, 4])
      application.engine.stop()
      await using visited = await visitIn(application)
      const { page } = visited
      await page
        .getByText(/^Disconnected from the fleet since \d\d:\d\d:\d\d: this process works on its own\.$/)
        .waitFor()
      await page.getByRole('button', { name: 'Invalidate all caches' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByRole('radio', { name: /^In all 4 processes .* Queued: the others are told when/ }).check()
      await dialog.getByRole('button', { name: 'Invalidate in 4 processes' }).click()
      await page.getByText('All caches are empty. Queued: the others are told when the store can be reached').waitFor()
      await page.getByRole('alert').getByText('Queued invalidations: 1.').waitFor()
      await fleetPanel(page).getByText('queued invalidations: 1').waitFor()
      expect(await accessibilityViolations(page)).toEqual([])
      // Nobody was seen for ten seconds, as far as this process knows.
      const marks = fleetPanel(page).getByRole('columnheader').locator('.tone-warn')
      await expect.poll(() => marks.count(), { timeout: 20_000 }).toBe(4)
      expect(await marks.first().innerText()).toMatch(/^1\d\ss ago$/)
      application.engine.restart()
      await page.getByRole('alert').waitFor({ state: 'detached' })
      await fleetPanel(page).getByText('queued invalidations: 0').waitFor()
      await expect.poll(() => marks.count()).toBe(0)
      expect(faults(visited)).toEqual([])
    })

    test('a circuit that the fleet holds says so, and who probes', async () => {
      const own = {
        circuits: { search: { recoveryTimeoutMs: 1_000 } },
        options: { search: { timeoutMs: 50_000, requestTimeoutMs: 50_000 } },
      }
      await using application = await openApplication({ labels: LABELS, shared: ['search'], own })
      const { processes } = application
      await trouble(application)
      for (const { services } of processes) services['search']!.behaviour = 'hangs'
      const search = processes[3]!.manager.getProxy('search')
      // Calls until it has the probe: then one of them is the trial, and hangs.
      await expect
        .poll(() => {
          void askTimes(processes[3]!, 'search', 1)
          return search.getCounts().inFlight
        })
        .toBeGreaterThan(0)
      await using visited = await visitIn(application)
      const { page } = visited
      // Which has not failed itself.
      await showProcess(page, 'web-2')
      const row = fleetPanel(page).getByRole('rowheader', { name: /^search/ })
      await row.getByText('fleet: open, web-4 probes').waitFor()
      await row.getByText('open in 3 of 4, half-open in 1').waitFor()
      await page.getByRole('row', { name: /^search .* held by the fleet/ }).waitFor()
      await page.getByRole('link', { name: 'search' }).first().click()
      const now = page.getByRole('region', { name: 'Now' })
      await expect.poll(() => now.innerText()).toMatch(/Held open by\s+the fleet\s+Probed by\s+web-4/i)
      expect(Object.keys(await fleetTable(page))).toEqual(['search'])
      await page.getByRole('listitem').getByText('circuit closed → open by the fleet').waitFor()
      expect(await accessibilityViolations(page)).toEqual([])
      await showProcess(page, 'web-4')
      await expect.poll(() => now.innerText()).toMatch(/Probed by\s+this process/i)
      expect(await now.innerText()).not.toMatch(/Held open/i)
      expect(faults(visited)).toEqual([])
    })

    test('when the process that is shown dies, nothing can be done in it, and another one is shown', async () => {
      await using application = await openApplication({ labels: LABELS.slice(0, 3) })
      await using visited = await visitIn(application)
      const { page } = visited
      await page.getByText('processes answer: this page shows').waitFor()
      const dead = await shownProcess(page, application)
      await dead.die()
      const answer = await act(page, 'billing', 'Isolate', 'Isolate')
      await answer.getByText(`Nothing was done: 20 tries reached other processes than ${dead.label}.`).waitFor()
      expect((await shownProcess(page, application)).label).toBe(dead.label)
      await expect
        .poll(async () => (await shownProcess(page, application)).label, { timeout: 25_000, interval: 250 })
        .not.toBe(dead.label)
      const states = application.processes.map(({ manager }) => manager.getProxy('billing').circuitState)
      expect(states).toEqual(['closed', 'closed', 'closed'])
      await page.getByText('2 processes answer').waitFor()
      expect(faults(visited)).toEqual([])
    })
  },
)
