import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accessibilityViolations } from './accessibility.ts'
import { launchChromium, MISSING_CHROMIUM } from './chromium.ts'
import { act, fleetPanel, fleetTable, LABELS, showProcess, trouble } from './fleet-page.ts'
import { type Application, faults, openApplication, shownProcess, visitApplication } from './fleet-scene.ts'

const running: { browser?: Browser } = {}
const visitIn = (application: Application, how?: Parameters<typeof visitApplication>[2]) => {
  if (running.browser === undefined) throw new Error('Chromium did not start')
  return visitApplication(running.browser, application, how)
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
    await page.getByText('processes answer: this page shows').waitFor()
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
    await notice.getByText(`Actions apply to ${first.label} only.`).waitFor()
    const { shown, moved } = await watchWhilePolling(page, 4)
    expect(shown).toEqual([first.label])
    expect(moved).toEqual([])
    expect(await page.getByRole('region', { name: 'Fleet' }).count()).toBe(0)

    const button = notice.getByRole('button').first()
    const wanted = (await button.innerText()).replace('Show ', '')
    await button.click()
    await notice.getByText(`Actions apply to ${wanted} only.`).waitFor()
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
