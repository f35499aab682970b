import type { Locator, Page } from 'playwright-core'
import { expect } from 'vitest'
import type { Application } from './fleet-scene.ts'
import { breakCircuit } from './scene.ts'

/** The labels of four processes. */
export const LABELS: readonly string[] = ['web-1', 'web-2', 'web-3', 'web-4']

/** Billing is open in one process by itself, search in all of them. */
export async function trouble({ processes }: Application): Promise<void> {
  const [first, second, third] = processes
  if (first === undefined || second === undefined || third === undefined) throw new Error('It needs three processes')
  await breakCircuit(second, 'billing')
  await Promise.all([breakCircuit(first, 'search'), breakCircuit(third, 'search')])
  await expect
    .poll(() => processes.map(({ manager }) => manager.getProxy('search').circuitState))
    .toEqual(processes.map(() => 'open'))
  // Each tells the others with a heartbeat, soon after.
  await expect
    .poll(async () => {
      const { fleet } = first.manager
      await fleet?.refresh()
      return fleet?.status.members.map(({ services }) => services['search']?.state)
    })
    .toEqual(processes.map(() => 'open'))
}

/** Where a page shows the fleet. */
export const fleetPanel = (page: Page): Locator => page.getByRole('region', { name: 'Fleet', exact: true })

/** What the fleet view says of each service in each process, without how long ago that was. */
export async function fleetTable(page: Page): Promise<Record<string, string[]>> {
  const rows = await fleetPanel(page)
    .locator('tbody tr')
    .evaluateAll((found) =>
      found.map((row) => [...row.querySelectorAll('th a, td')].map((cell) => cell.textContent?.replace('·', ''))),
    )
  return Object.fromEntries(rows.map(([service = '', ...cells]) => [service, cells.map((cell) => cell ?? '')]))
}

/** Shows the process of this label, unless it is shown. */
export async function showProcess(page: Page, label: string): Promise<void> {
  const shown = page.locator('.masthead-process b')
  if ((await shown.innerText()) === label) return
  await page.getByRole('button', { name: `Show ${label}` }).click({ timeout: 15_000 })
  await expect.poll(() => shown.innerText()).toBe(label)
}

/** Opens a service and does something to it, saying yes; where it is told what came of it. */
export async function act(page: Page, service: string, button: string, confirm: string): Promise<Locator> {
  await page.getByRole('link', { name: service }).first().click()
  await page.getByRole('button', { name: button }).click()
  await page.getByRole('dialog').getByRole('button', { name: confirm }).click()
  await page.getByRole('dialog').waitFor({ state: 'hidden' })
  return page.locator('.toast-place')
}
