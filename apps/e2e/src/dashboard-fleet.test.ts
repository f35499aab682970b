import type { Browser, Page } from 'playwright-core'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accessibilityViolations } from './accessibility.ts'
import { launchChromium, MISSING_CHROMIUM } from './chromium.ts'
import { type Application, faults, openApplication, shownProcess, visitApplication } from './fleet-scene.ts'
import { APPEARANCES } from './look.ts'
import { askTimes, breakCircuit } from './scene.ts'

const LABELS = ['web-1', 'web-2', 'web-3', 'web-4']

const running: { browser?: Browser } = {}
const visitIn = (application: Application, how?: Parameters<typeof visitApplication>[2]) => {
  if (running.browser === undefined) throw new Error('Chromium did not start')
  return visitApplication(running.browser, application, how)
}

/** Billing is open in one process by itself, search in all of them. */
async function trouble({ processes }: Application): Promise<void> {
  await breakCircuit(processes[1]!, 'billing')
  await Promise.all([breakCircuit(processes[0]!, 'search'), breakCircuit(processes[2]!, 'search')])
  await expect
    .poll(() => processes.map(({ manager }) => manager.getProxy('search').circuitState))
    .toEqual(processes.map(() => 'open'))
  // Each tells the others with a heartbeat, soon after.
  await expect
    .poll(async () => {
      const { fleet } = processes[0]!.manager
      await fleet?.refresh()
      return fleet?.status.members.map(({ services }) => services['search']?.state)
    })
    .toEqual(processes.map(() => 'open'))
}

const fleetPanel = (page: Page) => page.getByRole('region', { name: 'Fleet', exact: true })

/** What the fleet view says of each service in each process, without how long ago that was. */
async function fleetTable(page: Page): Promise<Record<string, string[]>> {
  const rows = await fleetPanel(page)
    .locator('tbody tr')
    .evaluateAll((found) =>
      found.map((row) => [...row.querySelectorAll('th a, td')].map((cell) => cell.textContent?.replace('·', ''))),
    )
  return Object.fromEntries(rows.map(([service, ...cells]) => [service, cells]))
}

const WELL = 'nothing to report'

describe.skipIf(MISSING_CHROMIUM !== undefined)(`a fleet in Chromium ${MISSING_CHROMIUM ?? ''}`.trim(), () => {
  beforeAll(async () => {
    running.browser = await launchChromium()
  }, 60_000)
  afterAll(() => running.browser?.close())

  test('one sick process of four is told from all four, and it is the same whichever process is shown', async () => {
    await using application = await openApplication({ labels: LABELS, shared: ['search'] })
    await trouble(application)
    await using visited = await visitIn(application)
    const { page } = visited
    const panel = fleetPanel(page)
    expect(await panel.getByRole('columnheader').allInnerTexts()).toEqual([
      'Service',
      ...LABELS.map((label) => expect.stringMatching(new RegExp(`^${label}\\s`)) as unknown),
    ])
    const seen = await fleetTable(page)
    expect(Object.keys(seen).slice(0, 2)).toEqual(['search', 'billing'])
    expect(seen).toMatchObject({
      search: ['Open', 'Open', 'Open', 'Open'],
      billing: [WELL, 'Open', WELL, WELL],
      entityService: [WELL, WELL, WELL, WELL],
    })
    await panel.getByRole('rowheader', { name: /^search open in all 4 fleet: open, probe in \d+\ss$/ }).waitFor()
    await panel.getByRole('rowheader', { name: /^billing open in 1 of 4$/ }).waitFor()
    await panel.getByText(/^connected for \d+\ss$/).waitFor()

    const { label } = await shownProcess(page, application)
    await panel.getByRole('columnheader', { name: `${label} here` }).waitFor()
    await page
      .getByRole('button', { name: /^Show web-\d$/ })
      .first()
      .click()
    await expect.poll(async () => (await shownProcess(page, application)).label).not.toBe(label)
    expect(await fleetTable(page)).toEqual(seen)
    expect(faults(visited)).toEqual([])
  })

  test('a page stays with its process while the balancer goes round, and nothing on it moves', async () => {
    await using application = await openApplication({ labels: LABELS, shared: ['search'] })
    await trouble(application)
    await using visited = await visitIn(application)
    const { page } = visited
    await page.getByText('Answers come from').waitFor()
    const seen = await fleetTable(page)
    const { shown, moved } = await watchWhilePolling(page, 4)
    expect(shown).toHaveLength(1)
    expect(moved).toEqual([])
    expect(await fleetTable(page)).toEqual(seen)
    expect(faults(visited)).toEqual([])
  })

  test('without a fleet it says that it shows one of several, stays with that, and shows another when asked', async () => {
    await using application = await openApplication({ labels: LABELS })
    await using visited = await visitIn(application)
    const { page } = visited
    const notice = page.getByRole('region', { name: 'Processes that answer' })
    const first = await shownProcess(page, application)
    await notice.getByText(`What you do here is done in ${first.label} alone.`).waitFor()
    const { shown, moved } = await watchWhilePolling(page, 4)
    expect(shown).toEqual([first.label])
    expect(moved).toEqual([])
    expect(await page.getByRole('region', { name: 'Fleet' }).count()).toBe(0)

    const button = notice.getByRole('button').first()
    const wanted = (await button.innerText()).replace('Show ', '')
    await button.click()
    await notice.getByText(`What you do here is done in ${wanted} alone.`).waitFor()
    const billing = await act(page, 'billing', 'Isolate', 'Isolate')
    await billing.getByText(/isolated\./).waitFor()
    const isolated = application.processes.filter(
      ({ manager }) => manager.getProxy('billing').circuitState === 'isolated',
    )
    expect(isolated.map(({ label }) => label)).toEqual([wanted])
    expect(faults(visited)).toEqual([])
  })

  test('an invalidation is for this process, or for all of them, as is chosen', async () => {
    await using application = await openApplication({ labels: LABELS, shared: [] })
    await using visited = await visitIn(application)
    const { page } = visited
    const shown = await shownProcess(page, application)
    const caches = () => application.processes.map(({ manager }) => manager.getProxy('billing').getStatus().cache.state)
    await page.getByRole('link', { name: 'billing' }).first().click()
    await page.getByRole('button', { name: 'Invalidate cache' }).click()
    const dialog = page.getByRole('dialog')
    const own = dialog.getByRole('radio', { name: `In this process, ${shown.label}` })
    expect(await own.isChecked()).toBe(true)
    expect(await dialog.innerText()).not.toContain('Only this process')
    await dialog.getByRole('button', { name: 'Invalidate in this process' }).click()
    await page.getByText('The cache of billing is empty.', { exact: true }).waitFor()
    expect(caches()).toEqual(application.processes.map((process) => (process === shown ? 'empty' : 'fresh')))

    await page.getByRole('button', { name: 'Invalidate cache' }).click()
    // By keyboard alone: from Cancel back to the choice.
    await page.keyboard.press('Shift+Tab')
    await page.keyboard.press('ArrowDown')
    expect(await dialog.getByRole('radio', { name: 'In all 4 processes of the fleet shop' }).isChecked()).toBe(true)
    expect(await accessibilityViolations(page)).toEqual([])
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.getByText('The cache of billing is empty. 4 processes were told.').waitFor()
    await expect.poll(caches).toEqual(['empty', 'empty', 'empty', 'empty'])
    await page.getByRole('listitem').getByText('cache invalidated in the fleet by ada').waitFor()
    await page.getByRole('listitem').getByText('cache invalidated by an operator').first().waitFor()

    await showProcess(page, application.processes.find((process) => process !== shown)!.label)
    await page.getByRole('listitem').getByText('cache invalidated by the fleet').waitFor()
    expect(faults(visited)).toEqual([])
  })

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
      .getByText(/^This process has not heard its fleet since \d\d:\d\d:\d\d: it goes on by itself\.$/)
      .waitFor()
    await page.getByRole('button', { name: 'Invalidate all caches' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('radio', { name: /^In all 4 processes .* Queued: the others are told when/ }).check()
    await dialog.getByRole('button', { name: 'Invalidate in 4 processes' }).click()
    await page.getByText('All caches are empty. Queued: the others are told when the store can be reached').waitFor()
    await page.getByRole('alert').getByText('Invalidations made here wait: 1.').waitFor()
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
    // The trial is under way.
    while (search.getCounts().inFlight === 0) {
      void askTimes(processes[3]!, 'search', 1)
      await delay(50)
    }
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
    await expect.poll(() => now.innerText()).toMatch(/Held open by\s+the fleet\s+Who probes\s+web-4/i)
    expect(Object.keys(await fleetTable(page))).toEqual(['search'])
    await page.getByRole('listitem').getByText('circuit closed → open by the fleet').waitFor()
    expect(await accessibilityViolations(page)).toEqual([])
    await showProcess(page, 'web-4')
    await expect.poll(() => now.innerText()).toMatch(/Who probes\s+this process/i)
    expect(await now.innerText()).not.toMatch(/Held open/i)
    expect(faults(visited)).toEqual([])
  })

  test('when the process that is shown dies, nothing can be done in it, and another one is shown', async () => {
    await using application = await openApplication({ labels: LABELS.slice(0, 3) })
    await using visited = await visitIn(application)
    const { page } = visited
    await page.getByText('Answers come from').waitFor()
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
    await page.getByText('Answers come from 2 processes').waitFor()
    expect(faults(visited)).toEqual([])
  })

  test.for(APPEARANCES)('twenty processes are accessible in %s, %i wide, and scroll by themselves', async (how) => {
    const [colorScheme, width] = how
    await using application = await openApplication({
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
    await using visited = await visitIn(application, { colorScheme, viewport: { width, height: 900 } })
    const { page } = visited
    const panel = fleetPanel(page)
    await panel.getByText('open in all 20').waitFor()
    await panel.getByText('open in 1 of 20, failing in 1').waitFor()
    expect(await panel.getByRole('columnheader').count()).toBe(21)
    expect(await panel.getByRole('rowheader').count()).toBe(12)
    expect(await accessibilityViolations(page)).toEqual([])
    const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth])
    expect(wide).toBeLessThanOrEqual(room ?? 0)

    // With the arrow keys, and the names of the services stay.
    const first = panel.getByRole('rowheader').first()
    const before = await first.boundingBox()
    const scroller = panel.getByRole('region', { name: 'Circuits by process' })
    const distance = await scroller.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)
    await scroller.focus()
    await page.keyboard.press('ArrowRight')
    await expect.poll(() => scroller.evaluate(({ scrollLeft }) => scrollLeft)).toBe(Math.min(distance, 40))
    expect((await first.boundingBox())?.x).toBe(before?.x)
    expect(faults(visited)).toEqual([])
  })
})

/** Watches a page until it was answered so many times by the process that it shows: which one it says that is, and what moves. */
async function watchWhilePolling(page: Page, polls: number): Promise<{ shown: string[]; moved: string[] }> {
  await page.evaluate(() => {
    type Shift = PerformanceEntry & { sources: { previousRect: DOMRect; currentRect: DOMRect; node: Node | null }[] }
    const watched = { shown: new Set<string>(), moved: [] as string[] }
    const look = () => watched.shown.add(document.querySelector('.masthead-process b')?.textContent ?? '')
    look()
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true })
    new PerformanceObserver((list) => {
      for (const { sources } of list.getEntries() as Shift[]) {
        for (const { previousRect: from, currentRect: to, node } of sources) {
          // Words that stand in the middle of a cell grow in both directions, and the cell stays.
          if (from.x !== to.x || from.y !== to.y) watched.moved.push(`${node?.textContent}: ${from.x} to ${to.x}`)
        }
      }
    }).observe({ type: 'layout-shift' })
    Object.assign(globalThis, { watched })
  })
  for (let poll = 0; poll < polls; poll++) {
    await page.waitForResponse((response) => response.url().endsWith('api/snapshot') && response.status() !== 412)
  }
  return page.evaluate(() => {
    const { watched } = globalThis as unknown as { watched: { shown: Set<string>; moved: string[] } }
    return { shown: [...watched.shown], moved: watched.moved }
  })
}

/** Shows the process of this label, unless it is shown. */
async function showProcess(page: Page, label: string): Promise<void> {
  const shown = page.locator('.masthead-process b')
  if ((await shown.innerText()) === label) return
  await page.getByRole('button', { name: `Show ${label}` }).click({ timeout: 15_000 })
  await expect.poll(() => shown.innerText()).toBe(label)
}

/** Opens a service and does something to it, saying yes; where it is told what came of it. */
async function act(page: Page, service: string, button: string, confirm: string) {
  await page.getByRole('link', { name: service }).first().click()
  await page.getByRole('button', { name: button }).click()
  await page.getByRole('dialog').getByRole('button', { name: confirm }).click()
  await page.getByRole('dialog').waitFor({ state: 'hidden' })
  return page.locator('.toast-place')
}
