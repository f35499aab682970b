import { setTimeout as wait } from 'node:timers/promises'
import type { RedisNode } from './directory.ts'

/** How long to wait for one node before the next one is asked as well, in milliseconds. */
const PATIENCE_MS = 300

/** Asks one node. Undefined: it does not know. */
type Ask = (node: RedisNode) => Promise<RedisNode | undefined>

/**
 * Asks one node after the other, the next one if one fails or is slow, and returns the first answer. The order is
 * random, because the answer of a node may be outdated.
 * @throws (as a rejection) the error of one of them, if none knows
 */
export async function firstToKnow(nodes: readonly RedisNode[], ask: Ask): Promise<RedisNode> {
  const asked: Promise<RedisNode>[] = []
  for (const node of shuffled(nodes)) {
    asked.push(answerOf(node, ask))
    const found = await soon(Promise.any(asked))
    if (found !== undefined) return found
  }
  return Promise.any(asked).catch((error: unknown) => {
    const reason: unknown = error instanceof AggregateError ? error.errors[0] : error
    throw reason
  })
}

async function answerOf(node: RedisNode, ask: Ask): Promise<RedisNode> {
  const found = await ask(node)
  if (found === undefined) throw new Error(`${node.host}:${node.port} does not know where Redis is`)
  return found
}

/** Undefined: it has rejected, or is slow. */
async function soon<R>(answer: Promise<R>): Promise<R | undefined> {
  const isOver = new AbortController()
  const late = wait(PATIENCE_MS, undefined, { signal: isOver.signal })
  try {
    return await Promise.race([answer, late].map((either) => either.catch(() => undefined)))
  } finally {
    isOver.abort()
  }
}

function shuffled<T>(list: readonly T[]): T[] {
  return list
    .map((one) => [Math.random(), one] as const)
    .sort(([one], [other]) => one - other)
    .map(([, one]) => one)
}
