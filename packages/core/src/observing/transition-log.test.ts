import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { inspect } from 'node:util'
import { fails, faultyService, ManualClock, plainBreaker } from '@svcproxy/testing'
import { pino } from 'pino'
import { describe, expect, onTestFinished, test } from 'vitest'
import { factoryProvider, ServiceProxy, ServiceProxyManager } from '../index.ts'
import type { Logger, ServiceProxyOptions } from '../index.ts'

/** Keeps what it is told; with a field of its own, as a logger that is a class has. */
class Notebook implements Logger {
  readonly #lines: (readonly [level: string, fields: object, message: string])[] = []
  get lines() {
    return this.#lines
  }
  info(fields: object, message: string): void {
    this.#lines.push(['info', fields, message])
  }
  warn(fields: object, message: string): void {
    this.#lines.push(['warn', fields, message])
  }
}

const refused = Object.assign(new RangeError('connect ECONNREFUSED 10.0.0.7'), { code: 'ECONNREFUSED' })

function setUp(options: Partial<ServiceProxyOptions<{ pay(card: string): unknown }>> = {}) {
  const clock = new ManualClock()
  const bank = faultyService({ clock })
  const logger = new Notebook()
  let disposalError: unknown
  const proxy = new ServiceProxy('bank', {
    provider: factoryProvider('bank', {
      create: () => ({ pay: (_card: string) => bank.call() }),
      checkHealth: () => bank.healthy,
      dispose: () => {
        if (disposalError !== undefined) throw disposalError
      },
    }),
    breaker: plainBreaker,
    clock,
    logger,
    ...options,
  })
  const failsToDispose = (error: unknown): void => void (disposalError = error)
  return { clock, bank, logger, proxy, failsToDispose }
}

async function pay({ proxy, bank }: ReturnType<typeof setUp>, times: number, error?: unknown): Promise<void> {
  for (let payment = 0; payment < times; payment++) {
    if (error !== undefined) bank.next(fails(error))
    await proxy.service.pay('4111 1111').then(
      () => undefined,
      () => undefined,
    )
  }
}

/** Every kind of transition, once or more. */
async function live(setting: ReturnType<typeof setUp>): Promise<void> {
  const { clock, bank, proxy, failsToDispose } = setting
  await pay(setting, 5, refused)
  clock.advance(30_000)
  await pay(setting, 3)
  proxy.isolateCircuit()[Symbol.dispose]()
  bank.die()
  await proxy.checkHealth()
  bank.recover()
  clock.advance(1_000)
  await proxy.checkHealth()
  failsToDispose(refused)
  await proxy.stop()
}

const LIFE = [
  [
    'warn',
    { service: 'bank', from: 'closed', to: 'open', lastError: { name: 'RangeError', code: 'ECONNREFUSED' } },
    "The circuit of service 'bank' is open",
  ],
  ['info', { service: 'bank', from: 'open', to: 'half_open' }, "The circuit of service 'bank' is half-open"],
  ['info', { service: 'bank', from: 'half_open', to: 'closed' }, "The circuit of service 'bank' is closed"],
  ['warn', { service: 'bank', from: 'closed', to: 'isolated' }, "The circuit of service 'bank' is isolated"],
  ['info', { service: 'bank', from: 'isolated', to: 'closed' }, "The circuit of service 'bank' is closed"],
  ['warn', { service: 'bank', healthy: false }, "Service 'bank' is unhealthy"],
  ['info', { service: 'bank', healthy: true }, "Service 'bank' is healthy again"],
  [
    'warn',
    { service: 'bank', error: { name: 'RangeError', code: 'ECONNREFUSED' } },
    "An instance of service 'bank' could not be disposed",
  ],
  ['info', { service: 'bank' }, "Service 'bank' was stopped"],
] as const

describe('the log', () => {
  test('has one line for each transition: of the circuit, of the health, a failed disposal, the end', async () => {
    const setting = setUp()
    await live(setting)
    expect(setting.logger.lines).toEqual(LIFE)
  })

  test('is written by pino as by any other logger', async () => {
    const lines: unknown[] = []
    const stream = { write: (line: string) => void lines.push(JSON.parse(line)) }
    const setting = setUp({ logger: pino({ base: null, timestamp: false }, stream) })
    await live(setting)
    const levels = { info: 30, warn: 40 }
    expect(lines).toEqual(LIFE.map(([level, fields, msg]) => ({ level: levels[level], ...fields, msg })))
  })

  test('is silent about single requests: a thousand answers, failures and refusals are no line', async () => {
    const setting = setUp({ circuit: false, fallback: () => ({ pay: () => 'later' }), cacheTtlMs: 1_000 })
    await pay(setting, 1_000)
    await pay(setting, 1_000, refused)
    expect(setting.proxy.getCounts()).toMatchObject({ successfulRequests: 1_000, failedRequests: 1_000 })
    expect(setting.logger.lines).toEqual([])
    const open = setUp()
    open.proxy.isolateCircuit()
    await pay(open, 1_000)
    expect(open.proxy.getCounts().rejectedRequests).toBe(1_000)
    expect(open.logger.lines).toHaveLength(1)
  })

  test('is silent about loads, fallbacks, the cache, disposals that succeed and health that stays good', async () => {
    const { logger, proxy, clock } = setUp({ disposeGraceMs: 0 })
    const told: string[] = []
    proxy.onAny(({ type }) => told.push(type))
    await proxy.get()
    proxy.expireCache()
    proxy.invalidateCache()
    await proxy.call(() => Promise.reject<unknown>(refused), { fallback: () => 1 })
    expect(await proxy.checkHealth()).toBe(true)
    await clock.settle()
    expect(new Set(told)).toEqual(new Set(['load', 'expire', 'invalidate', 'dispose', 'fallback', 'failures']))
    expect(logger.lines).toEqual([])
  })

  test('says of an error no more than its name and its code', async () => {
    const secrets = [
      new Error('secret', { cause: 'secret' }),
      Object.assign(new TypeError('secret'), { password: 'secret', code: { token: 'secret' } }),
      Object.assign(new Error('secret'), { code: 503, config: { headers: { authorization: 'secret' } } }),
      'secret',
      { message: 'secret', code: 'secret' },
    ]
    const known = []
    for (const secret of secrets) {
      const setting = setUp()
      await pay(setting, 5, secret)
      setting.proxy.resetCircuitBreaker()
      setting.failsToDispose(secret)
      await setting.proxy.stop()
      const { lines } = setting.logger
      expect(lines).toHaveLength(4)
      expect(inspect(lines, { depth: null, showHidden: true })).not.toMatch(/secret|4111/)
      const fields = lines.map(([, line]) => line)
      known.push(fields[0])
      expect(fields[2]).toEqual({ service: 'bank', error: (fields[0] as { lastError: object }).lastError })
    }
    expect(known.map((fields) => (fields as { lastError: object }).lastError)).toEqual([
      { name: 'Error', code: undefined },
      { name: 'TypeError', code: undefined },
      { name: 'Error', code: 503 },
      { name: 'string', code: undefined },
      { name: 'object', code: undefined },
    ])
  })

  test('names the error that opened the circuit, not the one before: of a call, of a load', async () => {
    const setting = setUp({ circuit: { failureThreshold: 2 } })
    await pay(setting, 1, new TypeError('first'))
    await pay(setting, 1, refused)
    const lastError = { name: 'RangeError', code: 'ECONNREFUSED' }
    expect(setting.logger.lines[0]?.[1]).toMatchObject({ to: 'open', lastError })

    const unavailable = setUp({
      provider: factoryProvider('bank', { create: () => Promise.reject(refused) }),
      circuit: { failureThreshold: 1 },
    })
    await pay(unavailable, 1)
    expect(unavailable.logger.lines[0]?.[1]).toMatchObject({
      lastError: { code: 'SVCPROXY_UNAVAILABLE', cause: { name: 'RangeError', code: 'ECONNREFUSED' } },
    })
  })

  test('gives an error only as the reason of opening, and none where nothing had failed', async () => {
    const setting = setUp()
    setting.proxy.importCircuit({ state: 'open', failures: 0, successes: 0, remainingMs: 1_000 })
    expect(setting.logger.lines.map(([, fields]) => fields)).toEqual([{ service: 'bank', from: 'closed', to: 'open' }])
    setting.proxy.resetCircuitBreaker()
    await pay(setting, 1, refused)
    setting.proxy.isolateCircuit()
    expect(setting.logger.lines.at(-1)?.[1]).toEqual({ service: 'bank', from: 'closed', to: 'isolated' })
  })
})

describe('a logger', () => {
  test('that throws changes nothing; what it throws is published', async () => {
    const thrown = new Error('the disk is full')
    const published: unknown[] = []
    const listener = (message: unknown): void => void published.push(message)
    subscribe('svcproxy:listener-error', listener)
    onTestFinished(() => void unsubscribe('svcproxy:listener-error', listener))
    const fail = (): never => {
      throw thrown
    }
    const [broken, sound] = [setUp({ logger: { info: fail, warn: fail } }), setUp()]
    await live(broken)
    await live(sound)
    expect(broken.proxy.getMetrics()).toEqual(sound.proxy.getMetrics())
    expect(broken.proxy.getCounts().circuitTransitions).toEqual({ closed: 2, open: 1, half_open: 1, isolated: 1 })
    expect(published).toHaveLength(LIFE.length)
    expect(published[0]).toEqual({ event: expect.objectContaining({ type: 'circuit' }), error: thrown })
  })

  test('given to a manager is that of all its proxies but those with one of their own', async () => {
    const [ofManager, ofOne] = [new Notebook(), new Notebook()]
    const provider = factoryProvider('any', { create: () => 1 })
    const manager = new ServiceProxyManager({ logger: ofManager, breaker: plainBreaker })
      .add('first', { provider })
      .add('second', { provider, logger: ofOne })
      .add('third', { provider })
    for (const name of manager.names) manager.getProxy(name).isolateCircuit()
    expect(ofManager.lines.map(([, fields]) => fields)).toMatchObject([{ service: 'first' }, { service: 'third' }])
    expect(ofOne.lines.map(([, fields]) => fields)).toMatchObject([{ service: 'second' }])
  })
})
