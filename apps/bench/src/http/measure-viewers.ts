import { type Child, startChild } from './child.ts'
import { type Cores, separateCores } from './cores.ts'
import { checkLoad } from './load-checks.ts'
import { orderOfRound } from '../rounds.ts'
import type { LoadOrder, LoadResult } from './load-order.ts'
import type { PagesOrder, PagesResult } from './pages.ts'
import type { ServerQuestion, ServerStatus } from './server.ts'
import { DASHBOARD_PATH, NEXT_SERVICE_PATH, OPERATED, VIEWERS, WATCHED, type Watched } from './servers/contenders.ts'

/** What the server did in one round, and what was watched meanwhile. */
export interface ViewersSample {
  readonly watched: Watched
  readonly requestsPerSecond: number
  /** What the server's process used in all, its work for the viewers included, by the requests of the load. */
  readonly cpuUsPerRequest: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Answers to the viewers. */
  readonly pollsPerSecond: number
  /** Of an answer to a viewer, on average. */
  readonly bytesPerPoll: number
}

/** How long to measure. */
export interface ViewersPlan {
  readonly rounds: number
  readonly secondsPerSample: number
  readonly warmUpSeconds: number
  readonly onProgress?: (text: string) => void
}

type Load = Child<LoadOrder, LoadResult>
type Pages = Child<PagesOrder, PagesResult | 'open'>

interface Bench {
  readonly load: Load
  readonly pages: Pages
  readonly cores: Cores | undefined
}

interface WatchedServer extends Bench {
  readonly server: Child<ServerQuestion, ServerStatus>
  readonly origin: string
  /** Of the process that is watched in its place. */
  readonly otherOrigin: string
}

/** How much of what the server can do is asked of it. */
const UTILIZATION = 0.5
const SNAPSHOT_PATH = `${DASHBOARD_PATH}/api/snapshot`
const UNCOUNTED_ROUNDS = 2
const NAME = 'The server with many services'

/**
 * Asks a server for half of what it can do while nobody watches, while viewers watch another process, and while they
 * watch it, and returns a sample of each for each round. Which of them comes first changes. It is one process from the
 * first round to the last, as a server is that people watch: snapshots are made seldom, and the first ones by code that
 * V8 has not compiled yet; they are in rounds that do not count.
 * @throws Error (as a rejection) when a single request or poll fails
 */
export async function measureViewers(plan: ViewersPlan): Promise<ViewersSample[]> {
  const { rounds, onProgress = () => {} } = plan
  const cores = separateCores()
  await using load: Load = startChild({ entry: 'load', core: cores?.load })
  await using pages: Pages = startChild({ entry: 'pages', core: cores?.viewers })
  await using other = startChild<ServerQuestion, ServerStatus>({
    entry: 'server',
    args: [OPERATED],
    core: cores?.viewers,
  })
  const otherOrigin = originOf(await other.next())
  await using server = startChild<ServerQuestion, ServerStatus>({
    entry: 'server',
    args: [OPERATED],
    core: cores?.server,
  })
  const watched = { load, pages, cores, server, origin: originOf(await server.next()), otherOrigin }
  const requestsPerSecond = Math.round((await capacityOf(watched, plan)) * UTILIZATION)
  const order = { url: urlOf(watched), requestsPerSecond, seconds: plan.secondsPerSample }
  const samples: ViewersSample[] = []
  for (let round = -UNCOUNTED_ROUNDS; round < rounds; round++) {
    onProgress(round < 0 ? 'warming up' : `round ${round + 1} of ${rounds}`)
    for (const what of orderOfRound(WATCHED, round + UNCOUNTED_ROUNDS)) {
      const taken = await sample(watched, what, order)
      if (round >= 0) samples.push(taken)
    }
  }
  return samples
}

/** What the server can do, in requests a second. */
async function capacityOf(watched: WatchedServer, { warmUpSeconds }: ViewersPlan): Promise<number> {
  const url = urlOf(watched)
  await loadWith(watched, { url, seconds: warmUpSeconds })
  const { requestsPerSecond } = await loadWith(watched, { url, seconds: warmUpSeconds / 2 })
  return requestsPerSecond
}

async function sample(watched: WatchedServer, what: Watched, order: Required<LoadOrder>): Promise<ViewersSample> {
  const { server, pages } = watched
  const url = what === 'this process' ? snapshotUrlOf(watched) : `${watched.otherOrigin}${SNAPSHOT_PATH}`
  await pages.ask({ type: 'open', url, pages: what === 'nothing' ? 0 : VIEWERS })
  const before = await server.ask({ type: 'usage' })
  const { requests, requestsPerSecond, p50Ms, p99Ms } = await loadWith(watched, order)
  const after = await server.ask({ type: 'usage' })
  const { polls, bytes, seconds } = await close(watched)
  return {
    watched: what,
    requestsPerSecond,
    cpuUsPerRequest: (after.cpuUs - before.cpuUs) / requests,
    p50Ms,
    p99Ms,
    pollsPerSecond: polls / seconds,
    bytesPerPoll: polls === 0 ? 0 : bytes / polls,
  }
}

async function loadWith({ load }: WatchedServer, order: LoadOrder): Promise<LoadResult> {
  const result = await load.ask(order)
  checkLoad(NAME, result)
  return result
}

async function close({ pages }: WatchedServer): Promise<PagesResult> {
  const result = await pages.ask({ type: 'close' })
  if (result === 'open') throw new Error('The pages were not closed')
  if (result.errors > 0) throw new Error(`${NAME} did not answer ${result.errors} polls of its viewers`)
  return result
}

function urlOf({ origin }: WatchedServer): string {
  return `${origin}${NEXT_SERVICE_PATH}`
}

function snapshotUrlOf({ origin }: WatchedServer): string {
  return `${origin}${SNAPSHOT_PATH}`
}

function originOf({ port }: ServerStatus): string {
  return `http://127.0.0.1:${port}`
}
