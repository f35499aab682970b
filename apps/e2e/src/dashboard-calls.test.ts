import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { expectReadable } from './accessibility.ts'
import { launchChromium, MISSING_CHROMIUM } from './chromium.ts'
import { lookAt, type Visitor } from './look.ts'
import { askTimes, type Scene } from './scene.ts'

const running: { browser?: Browser } = {}

function look(visitor: Visitor): ReturnType<typeof lookAt> {
  if (running.browser === undefined) throw new Error('Chromium did not start')
  return lookAt(running.browser, { authorize: () => true }, visitor)
}

/** Where pictures go, for who wants to see them. */
const PICTURES = process.env['PICTURES']

async function picture(page: Page, name: string): Promise<void> {
  if (PICTURES !== undefined) await page.screenshot({ path: join(PICTURES, `dash-${name}.png`), fullPage: true })
}

/** More than a scene's first calls, which come all at once, so that none is refused. */
const MAX_QUEUED = 20
const RETRIED = { methods: { ask: { retry: true } }, retry: { backoffInitialMs: 0 } }

/** What opens none of the circuits. */
const CIRCUITS: Visitor['circuits'] = { billing: { failureThreshold: 10 }, search: { failureThreshold: 10 } }

/** Billing is retried, search may not be retried any more, and of entityService one call runs at once. */
const OPTIONS: Visitor['options'] = {
  billing: RETRIED,
  search: { ...RETRIED, retryBudget: { ratio: 0, minPerSecond: 0 } },
  entityService: { maxConcurrentCalls: 1, maxQueuedCalls: MAX_QUEUED, requestTimeoutMs: 60_000, timeoutMs: 60_000 },
}

/** Billing answers two calls at the second attempt, and fails one. */
async function retry(scene: Scene): Promise<void> {
  const billing = scene.services['billing']!
  for (const behaviour of ['stumbles', 'stumbles', 'fails', 'answers'] as const) {
    billing.behaviour = behaviour
    await askTimes(scene, 'billing', 1)
  }
}

/** Two retries of search are denied. */
async function deny(scene: Scene): Promise<void> {
  const search = scene.services['search']!
  search.behaviour = 'fails'
  await askTimes(scene, 'search', 2)
  search.behaviour = 'answers'
}

/** So many calls of entityService wait, behind one that does not end. */
async function queue(scene: Scene, calls: number): Promise<void> {
  const { behaviour } = scene.services['entityService']!
  scene.services['entityService']!.behaviour = 'hangs'
  void askTimes(scene, 'entityService', behaviour === 'hangs' ? calls : calls + 1)
}

async function trouble(scene: Scene): Promise<void> {
  await retry(scene)
  await deny(scene)
  await queue(scene, 3)
}

describe.skipIf(MISSING_CHROMIUM !== undefined)(`calls in Chromium ${MISSING_CHROMIUM ?? ''}`.trim(), () => {
  beforeAll(async () => {
    running.browser = await launchChromium()
  }, 60_000)
  afterAll(() => running.browser?.close())

  test('a service has its retries and how many of them were answered, and another one has no word of them', async () => {
    await using seen = await look({ circuits: CIRCUITS, options: OPTIONS, prepare: retry })
    const { page } = seen
    await page.getByRole('row', { name: /^billing .* 4 retries (?!.*denied)/ }).waitFor()
    await page.getByRole('link', { name: 'billing' }).first().click()
    const requests = page.getByRole('region', { name: 'Requests' })
    expect(await requests.innerText()).toMatch(/Failed\s+1\s+Retries\s+4\s+2 answered\s+Denied\s+0\s+Timeouts/i)
    const now = page.getByRole('region', { name: 'Now' })
    expect(await now.innerText()).toMatch(/Retry budget\s+\d+ left\s+\d+ for \d+ calls in 10 s/i)
    expect(await page.getByText('none left').count()).toBe(0)

    await page.getByRole('link', { name: 'All services' }).click()
    await page.getByRole('link', { name: 'featureManager' }).first().click()
    await page.getByRole('heading', { name: 'Configuration' }).waitFor()
    expect(await requests.innerText()).not.toMatch(/retr|denied/i)
    expect(await now.innerText()).not.toMatch(/retr|queue|waiting/i)
    expect(seen.complaints).toEqual([])
  })

  test('retries that are denied are trouble, and on the timeline once', async () => {
    await using seen = await look({ circuits: CIRCUITS, options: OPTIONS, prepare: deny })
    const { page } = seen
    const row = page.getByRole('row', { name: /^search .* 0 retries 2 denied / })
    await row.waitFor()
    const trouble = await colourOf(page, 'bad')
    expect(await row.getByText('2', { exact: true }).evaluate((count) => getComputedStyle(count).color)).toBe(trouble)
    await page.getByRole('link', { name: 'search' }).first().click()
    // None left is trouble while there are calls: those of the last ten seconds.
    await deny(seen.scene)
    const facts = page.getByRole('region', { name: 'Requests' })
    await expect.poll(() => facts.innerText(), { timeout: 10_000 }).toMatch(/Denied\s+4\s/i)
    const noneLeft = page.getByRole('region', { name: 'Now' }).getByText('none left')
    expect(await noneLeft.evaluate((words) => getComputedStyle(words).color)).toBe(trouble)
    await page.getByRole('listitem').getByText('retry budget used up').waitFor()
    expect(await page.getByText('retry budget used up').count()).toBe(1)
    expect(seen.complaints).toEqual([])
  })

  test('a queue says how many wait of how many may and for how long they do, and that it is full', async () => {
    await using seen = await look({ circuits: CIRCUITS, options: OPTIONS, prepare: (scene) => queue(scene, 3) })
    const { page, scene } = seen
    await page.getByRole('row', { name: /^entityService .* 3 of 20 waiting wait p99 [\d.]+\s\w+ / }).waitFor()
    await page.getByRole('link', { name: 'entityService' }).first().click()
    const now = page.getByRole('region', { name: 'Now' })
    const line = now.getByText(/^\d+ of 20 waiting$/)
    expect(await line.innerText()).toBe('3 of 20 waiting')
    const quiet = await line.evaluate((words) => getComputedStyle(words).color)
    await queue(scene, MAX_QUEUED - 3 + 2)
    await now.getByText('20 of 20 waiting').waitFor()
    expect(await line.evaluate((words) => getComputedStyle(words).color)).toBe(await colourOf(page, 'bad'))
    expect(quiet).not.toBe(await colourOf(page, 'bad'))
    expect(await page.getByRole('region', { name: 'Requests' }).innerText()).toMatch(/Rejected\s+2/i)
    expect(seen.complaints).toEqual([])
  })

  test('where the table does not fit, a card has the same', async () => {
    const how = { viewport: { width: 360, height: 900 } }
    await using seen = await look({ circuits: CIRCUITS, options: OPTIONS, prepare: trouble, how })
    const card = async (name: string): Promise<string> => {
      const link = seen.page.getByRole('link', { name, exact: true })
      return seen.page.locator('.card', { has: link }).innerText()
    }
    expect(await card('billing')).toMatch(/Failures\s+0\/10\s+Retries\s+4\s+2 answered\s+Denied\s+0\s/i)
    expect(await card('search')).toMatch(/Retries\s+0\s+Denied\s+2\s/i)
    expect(await card('entityService')).toMatch(/Queue\s+3 of 20 waiting\s+wait p99/i)
    expect(await card('featureManager')).not.toMatch(/retr|denied|queue/i)
    expect(seen.complaints).toEqual([])
  })

  test('the configuration says in words how calls are tried again and how long they may take', async () => {
    await using seen = await look({
      options: {
        billing: {
          methods: { ask: { retry: { attempts: 5, isRetryable: () => true } } },
          maxConcurrentCalls: 8,
          maxQueuedCalls: 50,
          requestTimeoutMs: 9_000,
          retryBudget: { ratio: 0.5 },
        },
      },
    })
    const { page } = seen
    const configuration = page.getByRole('region', { name: 'Configuration' })
    await page.getByRole('link', { name: 'billing' }).first().click()
    await configuration.waitFor()
    const words = (await configuration.innerText()).replaceAll('\u202f', ' ').replaceAll(/\s+/g, ' ')
    for (const line of [
      'max queued calls 50',
      'request timeout 9 s',
      'retry, if requested 3 attempts, waits up to 100 ms, doubling to 2 s',
      'retry budget 50 % of the calls and 1 a second',
      'methods · ask · retry 5 attempts, waits up to 100 ms, doubling to 2 s, some failures only',
    ]) {
      expect(words.toLowerCase()).toContain(line)
    }
    expect(seen.complaints).toEqual([])
  })

  test('accessible in each theme, on a desk and on a phone, without a horizontal scroll bar', async () => {
    await using seen = await look({ circuits: CIRCUITS, options: OPTIONS, prepare: trouble })
    const { page } = seen
    await page.getByText('3 of 20 waiting').waitFor()
    await expectReadable(page, (appearance) => picture(page, `all-${appearance}`))
    for (const [name, words] of [
      ['billing', /\d left/],
      ['search', /none left/],
      ['entityService', /waiting/],
    ] as const) {
      await page.getByRole('link', { name }).first().click()
      await page.getByRole('region', { name: 'Now' }).getByText(words).first().waitFor()
      await page.getByRole('heading', { name: 'Configuration' }).waitFor()
      await expectReadable(page, (appearance) => picture(page, `${name}-${appearance}`))
      await page.getByRole('link', { name: 'All services' }).click()
    }
    expect(seen.complaints).toEqual([])
  })
})

/** The colour that a tone has on the page. */
function colourOf(page: Page, tone: string): Promise<string> {
  return page.evaluate((name) => {
    const probe = document.createElement('span')
    probe.className = `toned tone-${name}`
    document.body.append(probe)
    const { color } = getComputedStyle(probe)
    probe.remove()
    return color
  }, tone)
}
