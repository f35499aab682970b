// Many open pages of a dashboard, in a process of its own. It ends when its parent disconnects.
import { Agent, get } from 'node:http'
import { constants, setPriority } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'

/** What the parent asks for: to open so many pages, or to close them all. */
export type PagesOrder =
  | { readonly type: 'open'; readonly url: string; readonly pages: number }
  | { readonly type: 'close' }

/** What the pages were told, from the moment they were opened. */
export interface PagesResult {
  /** Polls that were answered with a snapshot, or with 304. */
  readonly polls: number
  /** Of those, the ones with 304. */
  readonly unchanged: number
  /** Of all snapshots together. */
  readonly bytes: number
  /** Polls that were answered with anything else, or not. */
  readonly errors: number
  readonly seconds: number
}

/** As in the dashboard: between the end of a poll and the next. */
const PAUSE_MS = 2_000

/** What browsers can take. */
const BROWSER_ENCODINGS = 'gzip, deflate, br, zstd'

interface OpenPages {
  close(): Promise<PagesResult>
}

// They are other people's machines: where they share a core with the load, they take what it leaves.
setPriority(constants.priority.PRIORITY_LOW)
let open: OpenPages | undefined

process.on('message', (order: PagesOrder) => {
  carryOut(order).then(
    (result) => process.send?.(result),
    (error: unknown) => {
      console.error(error)
      process.exit(1)
    },
  )
})
process.once('disconnect', () => process.exit(0))

async function carryOut(order: PagesOrder): Promise<PagesResult | 'open'> {
  if (order.type === 'open') {
    open = openPages(order.url, order.pages)
    return 'open'
  }
  if (open === undefined) throw new Error('No page is open')
  return open.close()
}

function openPages(url: string, pages: number): OpenPages {
  const closing = new AbortController()
  const agent = new Agent({ keepAlive: true })
  const told = { polls: 0, unchanged: 0, bytes: 0, errors: 0 }
  const startedAt = performance.now()

  const look = async (page: number): Promise<void> => {
    let etag: string | undefined
    // Nobody opens all of them at the same moment.
    await pause((PAUSE_MS * page) / pages, undefined, closing)
    for (;;) {
      const answer = await poll(url, agent, etag)
      etag = answer.etag
      if (answer.status === 200 || answer.status === 304) told.polls++
      else told.errors++
      if (answer.status === 304) told.unchanged++
      told.bytes += answer.bytes
      await pause(PAUSE_MS, undefined, closing)
    }
  }
  const ended = Promise.allSettled(Array.from({ length: pages }, (_, page) => look(page)))
  return {
    async close() {
      closing.abort()
      const seconds = (performance.now() - startedAt) / 1_000
      for (const page of await ended) {
        if (page.status === 'rejected' && !isAbort(page.reason)) {
          throw new Error('A page could not be kept up to date', { cause: page.reason })
        }
      }
      agent.destroy()
      return { ...told, seconds }
    },
  }
}

function isAbort(reason: unknown): boolean {
  return reason instanceof Error && reason.name === 'AbortError'
}

interface PollAnswer {
  readonly status: number | undefined
  readonly bytes: number
  readonly etag: string | undefined
}

/** What a browser does with an answer is not this machine's work: it is only counted. */
function poll(url: string, agent: Agent, etag: string | undefined): Promise<PollAnswer> {
  return new Promise((resolve, reject) => {
    const headers = { 'accept-encoding': BROWSER_ENCODINGS, ...(etag !== undefined && { 'if-none-match': etag }) }
    get(url, { agent, headers }, (answer) => {
      let bytes = 0
      answer.on('data', (chunk: Buffer) => (bytes += chunk.length))
      answer.on('error', reject)
      answer.on('end', () => resolve({ status: answer.statusCode, bytes, etag: answer.headers.etag }))
    }).on('error', reject)
  })
}
