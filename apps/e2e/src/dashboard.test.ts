import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accessibilityViolations, expectReadable } from './accessibility.ts'
import { launchChromium, MISSING_CHROMIUM, visit, type Visit } from './chromium.ts'
import { lookAt, type Visitor } from './look.ts'
import { breakCircuit, HOSTILE, openScene, type Scene } from './scene.ts'
import { FRAMEWORKS, type Mounted, renamingProxy, serve } from './servers.ts'

const everybody: Mounted = { authorize: () => true, environment: 'production' }
const operator: Mounted = { authorize: () => ({ actor: 'ada' }), readOnly: false, environment: 'production' }
const messages: Mounted = { ...operator, redact: (error) => (error instanceof Error ? error.message : undefined) }

const running: { browser?: Browser } = {}
const chromium = (): Browser => {
  if (running.browser === undefined) throw new Error('Chromium did not start')
  return running.browser
}

const look = (options: Mounted, prepare?: Visitor['prepare'], how?: Visitor['how']) =>
  lookAt(chromium(), options, { prepare, how })

describe.skipIf(MISSING_CHROMIUM !== undefined)(`the dashboard in Chromium ${MISSING_CHROMIUM ?? ''}`.trim(), () => {
  beforeAll(async () => {
    running.browser = await launchChromium()
  }, 60_000)
  afterAll(() => running.browser?.close())

  describe.for(Object.entries(FRAMEWORKS))('mounted by %s', ([, mount]) => {
    test.for([
      ['/', '/'],
      ['/ops/services', '/ops/services/'],
      ['/a/b', '/a/b/'],
    ] as const)('at %s', async ([path, end]) => {
      await using scene = await openScene()
      await using app = await serve(mount(scene.manager, path, everybody))
      await using visited = await visit(chromium(), `${app.origin}${path}`)
      await expectServices(visited)
      expect(new URL(visited.page.url()).pathname).toBe(end)
    })

    test('behind a proxy that calls it otherwise', async () => {
      await using scene = await openScene()
      await using app = await serve(mount(scene.manager, '/ops/services', operator))
      await using proxy = await serve(renamingProxy(app.origin, { from: '/internal/status', to: '/ops/services' }))
      await using visited = await visit(chromium(), `${proxy.origin}/internal/status?from=bookmark`)
      await expectServices(visited)
      const { pathname, search } = new URL(visited.page.url())
      expect([pathname, search]).toEqual(['/internal/status/', '?from=bookmark'])
      // The page's requests come to another host than the browser knows; they are of its origin all the same.
      await act(visited.page, 'billing', 'Isolate', 'Isolate')
      await expect.poll(() => scene.manager.getProxy('billing').circuitState).toBe('isolated')
      expect(visited.complaints).toEqual([])
    })
  })

  test('an open circuit has a countdown that ticks, and the tab counts who is unwell', async () => {
    await using seen = await look(everybody, (scene) => breakCircuit(scene, 'search'))
    const row = seen.page.getByRole('row', { name: /^search/ })
    await row.getByText('Open').waitFor()
    const countdown = row.getByText(/^trial in \d+/)
    const before = await countdown.textContent()
    await expect.poll(() => countdown.textContent(), { timeout: 5_000 }).not.toBe(before)
    expect(await seen.page.title()).toMatch(/^\(1\) /)
    expect(seen.complaints).toEqual([])
  })

  test('a call that was given up is counted as long as it runs', async () => {
    await using seen = await look(everybody, async ({ manager, services }) => {
      services['billing']!.behaviour = 'hangs'
      await manager
        .getProxy('billing')
        .service.ask()
        .catch(() => undefined)
    })
    await seen.page.getByRole('link', { name: 'billing' }).first().click()
    const fact = seen.page.locator('dl > div', { has: seen.page.getByText('Still running', { exact: true }) })
    await expect.poll(() => fact.innerText()).toMatch(/^Still running\s+1$/i)
    expect(seen.complaints).toEqual([])
  })

  test('without leave to act there is nothing to act with, and it says so', async () => {
    await using seen = await look(everybody)
    const { page } = seen
    await page.getByText('Read-only').first().waitFor()
    expect(await page.getByRole('button', { name: /circuit|cache/i }).count()).toBe(0)
    await page.getByRole('link', { name: 'billing' }).first().click()
    await page.getByRole('heading', { name: 'billing' }).waitFor()
    expect(await page.getByRole('button', { name: /isolate|reset|invalidate|health/i }).count()).toBe(0)
    expect(seen.complaints).toEqual([])
  })

  test('an action asks first, naming the service, the effect and the environment; Cancel and Escape do nothing', async () => {
    await using seen = await look(operator)
    const { page, scene } = seen
    await page.getByRole('link', { name: 'billing' }).first().click()
    const dialog = page.getByRole('dialog')
    for (const leave of [
      () => dialog.getByRole('button', { name: 'Cancel' }).click(),
      () => page.keyboard.press('Escape'),
    ]) {
      await page.getByRole('button', { name: 'Isolate' }).click()
      await expect.poll(() => dialog.textContent()).toMatch(/billing[^]*production/)
      expect(
        await dialog.getByRole('button', { name: 'Cancel' }).evaluate((button) => button === document.activeElement),
      ).toBe(true)
      await leave()
      await dialog.waitFor({ state: 'hidden' })
    }
    expect(scene.manager.getProxy('billing').circuitState).toBe('closed')
    expect(seen.complaints).toEqual([])
  })

  test('every action does what it says, and is on the timeline with whoever did it', async () => {
    await using seen = await look(operator, (scene) => breakCircuit(scene, 'search'))
    const { page, scene } = seen
    const billing = scene.manager.getProxy('billing')
    const search = scene.manager.getProxy('search')

    await act(page, 'billing', 'Isolate', 'Isolate')
    await expect.poll(() => billing.circuitState).toBe('isolated')
    await act(page, 'billing', 'Release', 'Release')
    await expect.poll(() => billing.circuitState).toBe('closed')
    await act(page, 'billing', 'Invalidate cache', 'Invalidate cache')
    await expect.poll(() => billing.getStatus().cache.state).toBe('empty')
    await act(page, 'search', 'Run health check', 'Run health check')
    await expect.poll(() => search.getStatus().health?.healthy).toBe(false)
    await act(page, 'search', 'Reset circuit', 'Reset circuit')
    await expect.poll(() => search.circuitState).toBe('closed')

    await page.getByRole('link', { name: 'All services' }).click()
    await page.getByRole('button', { name: 'Invalidate all caches' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Invalidate all caches' }).click()
    await expect.poll(() => scene.manager.getProxy('configService').getStatus().cache.state).toBe('empty')

    const timeline = page.getByRole('region', { name: 'Timeline' })
    await timeline.getByRole('button', { name: /^Show all/ }).click()
    for (const words of [/isolated by ada/, /released by ada/, /circuit reset by ada/, /health checked by ada/]) {
      await expect.poll(async () => words.test(await timeline.innerText())).toBe(true)
    }
    expect(seen.complaints).toEqual([])
  })

  test('HTML in a message, an actor, an environment or an id is text', async () => {
    const hostile: Mounted = {
      ...messages,
      authorize: () => ({ actor: HOSTILE }),
      environment: HOSTILE,
      instanceId: HOSTILE,
    }
    await using seen = await look(hostile, (scene) => breakCircuit(scene, 'search'))
    const { page } = seen
    await act(page, 'billing', 'Invalidate cache', 'Invalidate cache')
    await page.getByRole('link', { name: 'All services' }).click()
    await expect.poll(async () => (await page.locator('body').innerText()).split('<script>').length).toBeGreaterThan(3)
    expect(await page.locator('img').count()).toBe(0)
    expect(await page.title()).not.toBe('1')
    expect(seen.complaints).toEqual([])
  })

  test('a message is withheld unless the application redacts it', async () => {
    await using seen = await look(operator, (scene) => breakCircuit(scene, 'search'))
    await seen.page
      .getByRole('row', { name: /^search/ })
      .getByText('ECONNRESET')
      .waitFor()
    expect(await seen.page.content()).not.toContain('onerror')
  })

  test('accessible in each theme, on a desk and on a phone, without a horizontal scroll bar', async () => {
    const troubled = async (scene: Scene) => {
      await breakCircuit(scene, 'search')
      scene.manager.getProxy('billing').isolateCircuit()
      await scene.manager.getHealthStatus()
    }
    await using seen = await look(messages, troubled)
    const { page } = seen
    await expectReadable(page)
    await page.getByRole('link', { name: 'search' }).first().click()
    await page.getByRole('heading', { name: 'Latency by method' }).waitFor()
    await expectReadable(page)
    await page.getByRole('button', { name: 'Isolate' }).click()
    await page.getByRole('dialog').waitFor()
    await expectReadable(page)
    expect(seen.complaints).toEqual([])
  })

  test('everything can be done with the keyboard alone', async () => {
    await using seen = await look(operator)
    const { page, scene } = seen
    await page.evaluate(delayPainting)
    const focused = () => page.evaluate(() => document.activeElement?.textContent ?? '')
    const tabTo = async (words: string): Promise<void> => {
      for (let presses = 0; presses < 60 && (await focused()).trim() !== words; presses++)
        await page.keyboard.press('Tab')
      expect((await focused()).trim()).toBe(words)
    }
    await page.keyboard.press('/')
    await page.keyboard.type('bill')
    await expect.poll(() => page.getByRole('row').count()).toBe(2)
    await tabTo('billing')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'billing' }).waitFor()
    await tabTo('Isolate')
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    expect(await focused()).toBe('Cancel')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await expect.poll(() => scene.manager.getProxy('billing').circuitState).toBe('isolated')
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    await page.keyboard.press('Escape')
    await page.getByRole('heading', { name: 'Services', exact: true }).waitFor()
    expect((await focused()).trim()).toBe('billing')
  })

  test('who may not see it is told what is missing, and nothing else', async () => {
    await using scene = await openScene()
    for (const [answer, status, words] of [
      ['unauthenticated', 401, /sign in/i],
      [false, 403, /Access denied/],
    ] as const) {
      await using app = await serve(FRAMEWORKS.Express(scene.manager, '/ops', { authorize: () => answer }))
      expect((await fetch(`${app.origin}/ops/`)).status).toBe(status)
      const context = await chromium().newContext()
      const page = await context.newPage()
      await page.goto(`${app.origin}/ops/`)
      expect(await page.locator('body').innerText()).toMatch(words)
      expect(await page.content()).not.toContain('billing')
      expect(await accessibilityViolations(page)).toEqual([])
      await context.close()
    }
  })

  test('a process that stops answering leaves its last state, dimmed, with when it was seen', async () => {
    await using seen = await look(operator)
    const { page, app } = seen
    await page.clock.install()
    await app[Symbol.asyncDispose]()
    for (let second = 0; second < 15; second++) await page.clock.runFor(1_000)
    await page
      .getByRole('alert')
      .getByText(/^Last seen \d\d:\d\d:\d\d/)
      .waitFor()
    expect(await page.getByRole('row', { name: /^billing/ }).count()).toBe(1)
    expect(await page.title()).toMatch(/stale/)
  })

  test('a process that stops says so, and a reader who loses leave sees nothing more', async () => {
    let mayRead = true
    await using seen = await look({ authorize: () => mayRead })
    const { page, scene } = seen
    await scene.manager.stop()
    await page
      .getByRole('alert')
      .getByText(/is stopping/)
      .waitFor()
    mayRead = false
    await page.getByText('Access denied').waitFor()
    expect(await page.locator('main').innerText()).not.toContain('billing')
  })

  test('it needs neither motion nor colours of its own', async () => {
    const how = { reducedMotion: 'reduce', forcedColors: 'active' } as const
    await using seen = await look(operator, (scene) => breakCircuit(scene, 'search'), how)
    const moving = await seen.page.evaluate(() => document.getAnimations().length)
    expect(moving).toBe(0)
    await seen.page
      .getByRole('row', { name: /^search/ })
      .getByText('Open')
      .waitFor()
    expect(seen.complaints).toEqual([])
  })

  test('no services yet is said, not shown as an empty table', async () => {
    await using scene = await openScene([])
    await using app = await serve(FRAMEWORKS.Koa(scene.manager, '/', everybody))
    await using visited = await visit(chromium(), app.origin)
    await visited.page
      .getByText(/no services/i)
      .first()
      .waitFor()
    expect(await accessibilityViolations(visited.page)).toEqual([])
    expect(visited.complaints).toEqual([])
  })
})

async function expectServices({ page, complaints }: Visit): Promise<void> {
  await page.getByRole('row', { name: /^entityService/ }).waitFor()
  expect(await page.getByRole('row').count()).toBe(7)
  expect(complaints).toEqual([])
}

/** Opens a service, if it is not open, and does something to it, saying yes. */
async function act(page: Visit['page'], service: string, button: string, confirm: string): Promise<void> {
  if ((await page.getByRole('heading', { name: service, exact: true }).count()) === 0) {
    const back = page.getByRole('link', { name: 'All services' })
    if ((await back.count()) > 0) await back.click()
    await page.getByRole('link', { name: service }).first().click()
  }
  await page.getByRole('button', { name: button }).click()
  await page.getByRole('dialog').getByRole('button', { name: confirm }).click()
  await page.getByRole('dialog').waitFor({ state: 'hidden' })
}

/** A busy machine: what waits for the next frame, or for a timer, comes much later than the next key. */
function delayPainting(): void {
  const { setTimeout: start } = window
  const late = (callback: (time: number) => void, ms = 0) => start(() => callback(performance.now()), ms + 400)
  window.setTimeout = late as typeof setTimeout
  window.requestAnimationFrame = late
}
