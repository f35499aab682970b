import { type Child, startChild } from './child.ts'
import { type Cores, separateCores } from './cores.ts'
import { checkLoad } from './load-checks.ts'
import type { LoadOrder, LoadResult } from './load-order.ts'
import type { ServerQuestion, ServerStatus } from './server.ts'
import { ENTITIES_PATH, type Framework, FRAMEWORKS, HTTP_VARIANTS, type HttpVariant } from './servers/contenders.ts'

/**
 * What one server did in one round. `requestsPerSecond * cpuUsPerRequest / 1e6` is the part of a core that the server
 * had: well below 1, something else took the core or the load generator could not keep up, and the sample says little.
 */
export interface HttpSample {
  readonly framework: Framework
  readonly variant: HttpVariant
  readonly requestsPerSecond: number
  /** What the server's process used, user and system, all its threads, in microseconds. */
  readonly cpuUsPerRequest: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** How long to measure. */
export interface HttpPlan {
  /** How often each server is loaded. */
  readonly rounds: number
  readonly secondsPerSample: number
  /** How long a server is loaded before it counts. Express takes about two seconds to reach its speed. */
  readonly warmUpSeconds: number
  readonly onProgress?: (text: string) => void
}

interface Contender {
  readonly framework: Framework
  readonly variant: HttpVariant
}

interface Bench {
  readonly load: Child<LoadOrder, LoadResult>
  readonly cores: Cores | undefined
}

const CONTENDERS: readonly Contender[] = FRAMEWORKS.flatMap((framework) =>
  HTTP_VARIANTS.map((variant) => ({ framework, variant })),
)
const ID = '7'

/**
 * Loads each of the eight servers once a round, one after the other, and returns a sample for each server and round, in
 * the order they were taken. No round starts with the same server as the one before.
 *
 * Each sample has a process of its own: two processes with the same code have been seen a third apart, as long as they
 * lived. Servers that live for the whole run look steadier, but what their medians tell apart may be the processes.
 * @throws Error (as a rejection) when a server answers wrongly, or a single request fails
 */
export async function measureHttp(plan: HttpPlan): Promise<HttpSample[]> {
  const { rounds, onProgress = () => {} } = plan
  const cores = separateCores()
  await using load = startChild<LoadOrder, LoadResult>({ entry: 'load', core: cores?.load })
  const samples: HttpSample[] = []
  for (let round = 0; round < rounds; round++) {
    const first = round % CONTENDERS.length
    for (const contender of [...CONTENDERS.slice(first), ...CONTENDERS.slice(0, first)]) {
      onProgress(`round ${round + 1} of ${rounds}: ${nameOf(contender)}`)
      samples.push(await sample({ load, cores }, contender, plan))
    }
  }
  return samples
}

async function sample({ load, cores }: Bench, contender: Contender, plan: HttpPlan): Promise<HttpSample> {
  const { framework, variant } = contender
  const args = [framework, variant]
  await using server = startChild<ServerQuestion, ServerStatus>({ entry: 'server', args, core: cores?.server })
  const { port } = await server.next()
  const url = `http://127.0.0.1:${port}${ENTITIES_PATH}${ID}`
  const loadFor = async (seconds: number): Promise<LoadResult> => {
    const result = await load.ask({ url, seconds })
    checkLoad(nameOf(contender), result)
    return result
  }

  await checkAnswer(url, contender)
  await loadFor(plan.warmUpSeconds)
  const before = await server.ask({ type: 'usage' })
  const { requests, requestsPerSecond, p50Ms, p99Ms } = await loadFor(plan.secondsPerSample)
  const after = await server.ask({ type: 'usage' })
  const cpuUsPerRequest = (after.cpuUs - before.cpuUs) / requests
  return { framework, variant, requestsPerSecond, cpuUsPerRequest, p50Ms, p99Ms }
}

async function checkAnswer(url: string, contender: Contender): Promise<void> {
  const response = await fetch(url, { headers: { connection: 'close' } })
  const body = await response.text()
  if (response.status !== 200 || !body.startsWith(`{"id":"${ID}",`)) {
    throw new Error(`${nameOf(contender)} answered ${response.status} ${body}`)
  }
}

function nameOf({ framework, variant }: Contender): string {
  return `${framework}, ${variant}`
}
