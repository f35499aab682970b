import { createHook } from 'node:async_hooks'
import { type ProxySettings, factoryProvider, type ServiceProxy, ServiceProxyManager } from '@svcproxy/core'
import type { opossum } from '../scenarios/peers.ts'
import { breakers, service } from '../scenarios/service.ts'

/** What many of something cost while nobody uses them. */
export interface PopulationCost {
  /** To make one, in microseconds. */
  readonly makeUs: number
  /** What one holds on the heap and in buffers beside it, in bytes. */
  readonly heapBytes: number
  /** Active timers of all of them together, those included that do not keep the process alive. */
  readonly timers: number
  /** CPU of the idle process, in percent of a core. */
  readonly idleCpuPercent: number
}

/** What the heap does of itself after so many were made is over by then, in milliseconds. */
const SETTLE_MS = 200

/** Makes the members of a population. */
export interface PopulationMaker {
  /** What it returns is kept: the array or the manager that holds it is part of the price. */
  readonly make: (index: number) => unknown
  /** Uses each of those made once, if they are to be used before they are left alone. */
  readonly useAll?: () => Promise<void>
}

/** By the names they have in the table. */
export const populations: Readonly<Record<string, () => Promise<PopulationMaker>>> = {
  'svcproxy, native': () => proxies('native'),
  'svcproxy, opossum': () => proxies('opossum'),
  'svcproxy, native, each called once': () => calledProxies('native'),
  'svcproxy, opossum, each called once': () => calledProxies('opossum'),
  'opossum, defaults': async () => {
    const makeOne = await opossumMaker()
    return { make: () => makeOne({}) }
  },
  'opossum, snapshots and percentiles off': async () => {
    const makeOne = await opossumMaker()
    return { make: () => makeOne({ enableSnapshots: false, rollingPercentilesEnabled: false }) }
  },
  'cockatiel breaker + timeout': async () => {
    const { circuitBreaker, ConsecutiveBreaker, handleAll, timeout, TimeoutStrategy, wrap } = await import('cockatiel')
    const make = (): unknown =>
      wrap(
        circuitBreaker(handleAll, { halfOpenAfter: 30_000, breaker: new ConsecutiveBreaker(5) }),
        timeout(5_000, TimeoutStrategy.Aggressive),
      )
    return { make }
  },
}

async function opossumMaker(): Promise<(options: Parameters<typeof opossum>[1]) => unknown> {
  const { default: Breaker } = await import('opossum')
  return (options) => new Breaker(service.find, { timeout: 5_000, ...options })
}

interface ProxyMaker {
  readonly make: (index: number) => ServiceProxy<typeof service>
}

async function proxies(breaker: keyof typeof breakers, settings: ProxySettings = {}): Promise<ProxyMaker> {
  const manager = new ServiceProxyManager({ ...settings, breaker: await breakers[breaker]() })
  return {
    make: (index) => {
      const name = `service${index}`
      return manager.createProxy(name, { provider: factoryProvider(name, { create: () => service }) })
    },
  }
}

async function calledProxies(breaker: keyof typeof breakers): Promise<PopulationMaker> {
  // A timer may wait for the deadline of a call that is over: with the default, the idle time would begin 5 s later.
  const { make } = await proxies(breaker, { timeoutMs: SETTLE_MS / 2 })
  const made: Array<ServiceProxy<typeof service>> = []
  return {
    make: (index) => made.push(make(index)),
    useAll: async () => {
      for (const proxy of made) await proxy.call((target) => target.find(7))
    },
  }
}

/** How many, and how long they are left alone, in milliseconds. */
export interface PopulationSize {
  readonly count: number
  readonly idleMs: number
}

/** Makes them and leaves them alone. Needs `--expose-gc`. */
export async function costOfPopulation(
  start: () => Promise<PopulationMaker>,
  { count, idleMs }: PopulationSize,
): Promise<PopulationCost> {
  const { gc } = globalThis
  if (gc === undefined) throw new Error('Start Node.js with --expose-gc')
  const practice = await start()
  // The first ones pay for the compiler and for what all of them share.
  for (let index = 0; index < 500; index++) practice.make(index)
  await practice.useAll?.()
  const { make, useAll } = await start()

  const kept: unknown[] = Array.from({ length: count })
  gc()
  const heapBefore = heldBytes()
  const startedAt = performance.now()
  for (let index = 0; index < count; index++) kept[index] = make(index)
  const tookMs = performance.now() - startedAt
  await useAll?.()
  await delay(SETTLE_MS)
  gc()
  const heapBytes = (heldBytes() - heapBefore) / count

  await delay(SETTLE_MS)
  const cpuBefore = process.cpuUsage()
  const idleFrom = performance.now()
  await delay(idleMs)
  const cpu = process.cpuUsage(cpuBefore)
  const idleCpuPercent = ((cpu.user + cpu.system) / 1000 / (performance.now() - idleFrom)) * 100
  if (kept.length !== count) throw new Error('They are to be kept until here')
  return { makeUs: (tookMs * 1000) / count, heapBytes, timers: await timersOf(await start(), count), idleCpuPercent }
}

/** Those of others that are made for it: to watch timers slows their making down. */
async function timersOf({ make, useAll }: PopulationMaker, count: number): Promise<number> {
  const alive = new Set<number>()
  let isWatching = true
  const hook = createHook({
    init: (id, type) => isWatching && type === 'Timeout' && alive.add(id),
    destroy: (id) => alive.delete(id),
  }).enable()
  const kept = Array.from({ length: count }, (_, index) => make(index))
  await useAll?.()
  isWatching = false
  await delay(SETTLE_MS)
  hook.disable()
  return kept.length === count ? alive.size : Number.NaN
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function heldBytes(): number {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
