import { joinFleet } from '@svcproxy/fleet'
import { MemoryFleet } from '@svcproxy/testing/fleet'
import type { Browser, Page } from 'playwright-core'
import { balancer } from './balancer.ts'
import { visit, type Visit } from './chromium.ts'
import { openScene, type OwnOptions, type Scene } from './scene.ts'
import { FRAMEWORKS, type Mounted, serve } from './servers.ts'

/** A process of an application: its services, and its server. */
export interface Process extends Scene {
  readonly label: string
  /** The server goes, and the balancer no longer knows it. */
  die(): Promise<void>
}

/** How an application of several processes is made. */
export interface ApplicationOptions {
  /** How they are called, one for each. */
  readonly labels: readonly string[]
  readonly services?: readonly string[]
  /** What some services have of their own. */
  readonly own?: OwnOptions
  /** The services whose circuits they share; undefined: they are no fleet. */
  readonly shared?: readonly string[]
  readonly mounted?: Partial<Mounted>
}

/** Some processes behind a balancer. */
export interface Application extends AsyncDisposable {
  readonly engine: MemoryFleet
  readonly processes: readonly Process[]
  /** The dashboard's, through the balancer. */
  readonly url: string
}

/** All services work in all processes. */
export async function openApplication(options: ApplicationOptions): Promise<Application> {
  const { labels } = options
  const stack = new AsyncDisposableStack()
  const engine = new MemoryFleet()
  const origins: string[] = []
  const processes: Process[] = []
  for (const label of labels) processes.push(await openProcess(label, options, { engine, origins, stack }))
  const front = stack.use(await serve(balancer(origins)))
  return {
    engine,
    processes,
    url: `${front.origin}/ops/services/`,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

async function openProcess(
  label: string,
  { services, own, shared, mounted }: ApplicationOptions,
  { engine, origins, stack }: { engine: MemoryFleet; origins: string[]; stack: AsyncDisposableStack },
): Promise<Process> {
  const scene = stack.use(await openScene(services, own))
  if (shared !== undefined) {
    stack.use(await joinFleet(scene.manager, { store: engine.store(), namespace: 'shop', circuits: shared, label }))
  }
  const authorize = () => ({ actor: 'ada' })
  const options: Mounted = { authorize, readOnly: false, environment: 'production', instanceId: label, ...mounted }
  const app = stack.use(await serve(FRAMEWORKS.Express(scene.manager, '/ops/services', options)))
  origins.push(app.origin)
  return {
    ...scene,
    label,
    async die() {
      origins.splice(origins.indexOf(app.origin), 1)
      await app[Symbol.asyncDispose]()
    },
  }
}

/** Opens the dashboard of an application; `how` as a browser's context takes it. */
export async function visitApplication(
  browser: Browser,
  { url }: Application,
  how?: Parameters<typeof visit>[2],
): Promise<Visit> {
  const visited = await visit(browser, url, how)
  await visited.page.getByRole('heading', { name: 'Services', exact: true }).waitFor()
  return visited
}

/** The process that a page shows. */
export async function shownProcess(page: Page, { processes }: Application): Promise<Process> {
  const label = await page.locator('.masthead-process b').innerText()
  const found = processes.find((process) => process.label === label)
  if (found === undefined) throw new Error(`There is no process ${label}`)
  return found
}

/** What a browser says against a page, but for answers of processes that were not the ones meant: it logs each of them. */
export function faults({ complaints }: Pick<Visit, 'complaints'>): string[] {
  return complaints.filter((complaint) => !complaint.includes('status of 412'))
}
