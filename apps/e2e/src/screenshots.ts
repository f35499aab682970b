// `npm run screenshots`: the main states of the dashboard, as pictures for the documentation. Takes as long as the page's
// history is, for what it shows really happened. `-- fleet`: those of a fleet alone, in a few seconds.
import { nativeBreaker } from '@svcproxy/breaker-native'
import { type CircuitPolicy, factoryProvider, ServiceProxyManager } from '@svcproxy/core'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { launchChromium, visit } from './chromium.ts'
import { openApplication, visitApplication } from './fleet-scene.ts'
import { askTimes, breakCircuit } from './scene.ts'
import { FRAMEWORKS, type Mounted, serve } from './servers.ts'

const FOLDER = fileURLToPath(new URL('../../../docs/screenshots', import.meta.url))
const HISTORY_MS = 5 * 60_000

/** How a service behaves over time. */
interface Part {
  readonly requestsPerSecond: number
  readonly latencyMs: number
  readonly critical?: boolean
  readonly fallback?: boolean
  /** What its circuit has of its own. */
  readonly circuit?: CircuitPolicy
  /** Intervals in which it fails or hangs, in ms since the start. */
  readonly trouble?: readonly (readonly [from: number, to: number, kind: 'fails' | 'hangs'])[]
}

const END = HISTORY_MS + 10_000
const PARTS: Readonly<Record<string, Part>> = {
  entityService: { requestsPerSecond: 42, latencyMs: 6, trouble: [[HISTORY_MS - 12_000, END, 'fails']] },
  featureManager: { requestsPerSecond: 18, latencyMs: 1, fallback: true, trouble: [[120_000, 150_000, 'fails']] },
  configService: { requestsPerSecond: 6, latencyMs: 2, critical: true },
  securityAuditService: { requestsPerSecond: 9, latencyMs: 14, trouble: [[200_000, 206_000, 'hangs']] },
  billing: { requestsPerSecond: 5, latencyMs: 48 },
  search: {
    requestsPerSecond: 24,
    latencyMs: 22,
    trouble: [[60_000, 62_000, 'fails']],
    circuit: { failureRate: { ratio: 0.5 }, slowCalls: { thresholdMs: 40, ratio: 0.6 } },
  },
  geocoder: {
    requestsPerSecond: 12,
    latencyMs: 9,
    trouble: [[HISTORY_MS - 100_000, HISTORY_MS - 60_000, 'fails']],
    circuit: { mode: 'observe' },
  },
}

interface ScreenshotService {
  readonly healthy: boolean
  ask(): Promise<string>
}

const startedAt = performance.now()

function createService(name: string, { latencyMs, trouble = [] }: Part): ScreenshotService {
  const connectionRefused = Object.assign(new Error(`connect ECONNREFUSED ${name}:5432`), { code: 'ECONNREFUSED' })
  const troubleNow = (): 'fails' | 'hangs' | undefined => {
    const now = performance.now() - startedAt
    return trouble.find(([from, to]) => now >= from && now < to)?.[2]
  }
  return {
    get healthy() {
      return troubleNow() === undefined
    },
    async ask() {
      const kind = troubleNow()
      await delay(latencyMs * (0.6 + Math.random() ** 3 * 2))
      if (kind === 'hangs') await delay(10_000)
      if (kind === 'fails') throw connectionRefused
      return name
    },
  }
}

function createManager(): ServiceProxyManager<Record<string, ScreenshotService>> {
  const manager = new ServiceProxyManager<Record<string, ScreenshotService>>({
    breaker: nativeBreaker(),
    timeoutMs: 1_000,
    circuit: { recoveryTimeoutMs: 30_000 },
  })
  for (const [name, part] of Object.entries(PARTS)) {
    const { critical = false, fallback = false, circuit = {} } = part
    manager.createProxy(name, {
      provider: factoryProvider(name, {
        create: () => createService(name, part),
        checkHealth: (service) => service.healthy,
      }),
      critical,
      circuit,
      healthIntervalMs: 10_000,
      ...(fallback && { fallback: () => ({ ask: async () => 'default' }) }),
    })
  }
  return manager
}

async function main(): Promise<void> {
  mkdirSync(FOLDER, { recursive: true })
  await picturesOfFleet()
  if (!process.argv.includes('fleet')) await picturesOfProcess()
}

/** One service is open in all processes, another one in one alone. */
async function picturesOfFleet(): Promise<void> {
  const labels = ['api-1', 'api-2', 'api-3', 'api-4', 'api-5', 'api-6']
  await using application = await openApplication({ labels, shared: ['entityService'] })
  const { processes } = application
  const named = (label: string) => processes.filter((process) => process.label === label)
  await Promise.all(processes.slice(0, 3).map((process) => breakCircuit(process, 'entityService')))
  for (const process of named('api-4')) await breakCircuit(process, 'billing')
  for (const process of [...named('api-2'), ...named('api-4')]) {
    for (const service of Object.values(process.services)) service.behaviour = 'fails'
    await askTimes(process, 'search', 2)
  }
  for (const process of named('api-5')) process.manager.getProxy('featureManager').isolateCircuit()
  const browser = await launchChromium()
  for (const colorScheme of ['light', 'dark'] as const) {
    const how = { ...size(1440, colorScheme), viewport: { width: 1440, height: 690 } }
    await using visited = await visitApplication(browser, application, how)
    const { page } = visited
    await page.getByRole('button', { name: 'Show api-6' }).waitFor()
    await page.locator('.fleet-facts').evaluate((facts) => window.scrollBy(0, facts.getBoundingClientRect().top - 98))
    await picture(page, `fleet-${colorScheme}`)
  }
  await browser.close()
}

async function picturesOfProcess(): Promise<void> {
  const manager = createManager()
  const end = new AbortController()
  for (const [name, { requestsPerSecond }] of Object.entries(PARTS)) {
    const { service } = manager.getProxy(name)
    void sendTraffic(() => void service.ask().catch(() => undefined), requestsPerSecond, end.signal)
  }
  const options: Mounted = {
    authorize: () => ({ actor: 'ada' }),
    readOnly: false,
    environment: 'production',
    instanceId: 'api-7f9c',
    redact: (error) => (error instanceof Error ? error.message.replace(/ \S+:\d+$/, '') : undefined),
  }
  await using app = await serve(FRAMEWORKS.Express(manager, '/ops/services', options))
  const browser = await launchChromium()
  const url = `${app.origin}/ops/services/`
  await delay(HISTORY_MS - 40_000)
  await act(browser, url, 'billing', 'Isolate')
  await delay(40_000)

  const shots: readonly (readonly [name: string, width: number, colorScheme: 'light' | 'dark', path: string])[] = [
    ['overview-light', 1440, 'light', ''],
    ['overview-dark', 1440, 'dark', ''],
    ['service-light', 1440, 'light', '#/services/entityService'],
    ['service-dark', 1440, 'dark', '#/services/entityService'],
    ['narrow-light', 360, 'light', ''],
    ['narrow-dark', 360, 'dark', '#/services/entityService'],
  ]
  for (const [name, width, colorScheme, path] of shots) {
    await using visited = await visit(browser, url + path, size(width, colorScheme))
    await settle(visited.page)
    await picture(visited.page, name)
  }
  await using visited = await visit(browser, `${url}#/services/entityService`, size(1440, 'light'))
  await settle(visited.page)
  await visited.page.getByRole('button', { name: 'Isolate' }).click()
  await picture(visited.page, 'confirmation')
  await visited.page.keyboard.press('Escape')
  await visited.page.goto(url)
  await settle(visited.page)
  await app[Symbol.asyncDispose]()
  await visited.page.getByRole('alert').waitFor({ timeout: 30_000 })
  await picture(visited.page, 'stale')

  end.abort()
  await browser.close()
  await manager.stop({ timeoutMs: 0 })
}

/** As many people send it: in no rhythm, now more, now less. */
async function sendTraffic(ask: () => void, requestsPerSecond: number, signal: AbortSignal): Promise<void> {
  const phase = Math.random() * 2 * Math.PI
  while (!signal.aborted) {
    const seconds = performance.now() / 1_000
    const wave = 1 + 0.35 * Math.sin(seconds / 21 + phase) + 0.15 * Math.sin(seconds / 4.7 + 2 * phase)
    await delay((-Math.log(1 - Math.random()) * 1_000) / (requestsPerSecond * wave))
    ask()
  }
}

function size(width: number, colorScheme: 'light' | 'dark'): Parameters<typeof visit>[2] {
  return { viewport: { width, height: width > 1_000 ? 900 : 780 }, colorScheme, deviceScaleFactor: 1.5 }
}

async function settle(page: Page): Promise<void> {
  await page.getByText('entityService').first().waitFor()
  await delay(500)
}

async function picture(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(FOLDER, `${name}.png`) })
  console.log(`${name}.png`)
}

async function act(browser: Browser, url: string, service: string, action: string): Promise<void> {
  await using visited = await visit(browser, `${url}#/services/${service}`)
  await visited.page.getByRole('button', { name: action }).click()
  await visited.page.getByRole('dialog').getByRole('button', { name: action }).click()
  await visited.page.getByRole('dialog').waitFor({ state: 'hidden' })
}

await main()
