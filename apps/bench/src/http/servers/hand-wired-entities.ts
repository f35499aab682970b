import { LRUCache } from 'lru-cache'
import CircuitBreaker from 'opossum'
import { Counter, Histogram, Registry } from 'prom-client'
import { createEntities, type Entities, type Entity } from './entities.ts'

/** The service with its protection made by hand. */
export interface HandWiredEntities extends Entities {
  readonly registry: Registry
  shutdown(): void
}

/** How to answer an error of the protection. */
export interface ErrorAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
}

const TIMEOUT_MS = 5_000
const RESET_TIMEOUT_MS = 30_000
const INSTANCE_TTL_MS = 300_000

/**
 * What a good engineer writes who has no proxy: opossum for deadline and circuit, lru-cache for the instance,
 * prom-client for outcomes and durations. As fast as these three allow: the counters are looked up once, and what
 * costs opossum most and nobody reads here, its percentiles, is off.
 */
export function wireEntitiesByHand(): HandWiredEntities {
  const registry = new Registry()
  const calls = new Counter({
    name: 'entities_find_total',
    help: 'Calls of entities.find by outcome',
    labelNames: ['outcome'],
    registers: [registry],
  })
  const succeeded = calls.labels('success')
  const failed = calls.labels('failure')
  const timedOut = calls.labels('timeout')
  const rejected = calls.labels('rejected')
  const durations = new Histogram({
    name: 'entities_find_duration_seconds',
    help: 'Duration of entities.find',
    registers: [registry],
  })

  const instances = new LRUCache<string, Entities>({
    max: 10,
    ttl: INSTANCE_TTL_MS,
    fetchMethod: async () => createEntities(),
  })
  const findInInstance = async (id: string): Promise<Entity> => {
    const entities = await instances.fetch('entities')
    if (entities === undefined) throw new Error('The entities service is not there')
    return entities.find(id)
  }
  const breaker = new CircuitBreaker(findInInstance, {
    timeout: TIMEOUT_MS,
    resetTimeout: RESET_TIMEOUT_MS,
    errorThresholdPercentage: 50,
    volumeThreshold: 5,
    rollingPercentilesEnabled: false,
  })

  return {
    registry,
    async find(id) {
      const startedAt = performance.now()
      try {
        const entity = await breaker.fire(id)
        succeeded.inc()
        return entity
      } catch (error) {
        const reason = reasonOf(error)
        if (reason === 'EOPENBREAKER') rejected.inc()
        else if (reason === 'ETIMEDOUT') timedOut.inc()
        else failed.inc()
        throw error
      } finally {
        durations.observe((performance.now() - startedAt) / 1000)
      }
    },
    shutdown: () => breaker.shutdown(),
  }
}

/** Undefined for every error that is not opossum's. */
export function errorAnswerOf(error: unknown): ErrorAnswer | undefined {
  const reason = reasonOf(error)
  if (reason === 'EOPENBREAKER') return { status: 503, headers: { 'Retry-After': String(RESET_TIMEOUT_MS / 1000) } }
  if (reason === 'ETIMEDOUT') return { status: 504, headers: {} }
  return undefined
}

function reasonOf(error: unknown): unknown {
  return error instanceof Error && CircuitBreaker.isOurError(error) && 'code' in error ? error.code : undefined
}
