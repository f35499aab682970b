import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

/** How a page is looked at: each theme, on a desk and on a phone. */
const APPEARANCES = [
  ['light', 1440],
  ['dark', 1440],
  ['dark', 360],
  ['light', 360],
] as const

/** Called in each appearance, with its name. */
type Look = (appearance: string) => Promise<void>

/**
 * Expects of a page as it stands, in each appearance, that axe finds nothing wrong and that there is no horizontal scroll
 * bar.
 */
export async function expectReadable(page: Page, look: Look = async () => {}): Promise<void> {
  const found: string[] = []
  for (const [colorScheme, width] of APPEARANCES) {
    const appearance = `${colorScheme}-${width}`
    await page.emulateMedia({ colorScheme })
    await page.setViewportSize({ width, height: 900 })
    // A frame later the page has what depends on these.
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))))
    await look(appearance)
    const violations = await accessibilityViolations(page)
    found.push(...violations.map((violation) => `${appearance}: ${violation}`))
    const excess = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
    if (excess > 0) found.push(`${appearance}: ${excess} px too wide`)
  }
  expect(found).toEqual([])
}

/** What axe finds wrong with a page as it stands: rule and place, one a line. */
export async function accessibilityViolations(page: Page): Promise<string[]> {
  // Evaluated, not added as a script: the page's own policy would not let it run.
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe.source)
  return page.evaluate(async () => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the lines above put there
    const found = await (globalThis as unknown as { axe: typeof axe }).axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    })
    return found.violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`))
  })
}
