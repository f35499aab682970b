import { nativeBreaker } from '@svcproxy/breaker-native'
import { type CircuitPolicy, factoryProvider, type ServiceProxyOptions, ServiceProxyManager } from '@svcproxy/core'
import { setImmediate, setTimeout as delay } from 'node:timers/promises'

/** What a service of a scene does when it is asked. */
type Behaviour = 'answers' | 'fails' | 'stumbles' | 'hangs' | 'dawdles'

/** How long a service takes that dawdles, in milliseconds. */
export const DAWDLE_MS = 150

/** A service whose behaviour is told. */
interface SceneService {
  behaviour: Behaviour
  error: Error
  ask(): Promise<string>
}

/** Services in the states that an operator may find them in. */
export interface Scene extends AsyncDisposable {
  readonly manager: ServiceProxyManager<Record<string, SceneService>>
  readonly services: Readonly<Record<string, SceneService>>
}

/** What a service's own error may say, and a page must not do. */
export const HOSTILE = '<img src=x onerror="document.title=1"><script>alert(1)</script>'

const NAMES = ['entityService', 'featureManager', 'configService', 'securityAuditService', 'billing', 'search'] as const

function sceneService(): SceneService {
  return {
    behaviour: 'answers',
    error: Object.assign(new Error(HOSTILE), { name: 'DatabaseError', code: 'ECONNRESET' }),
    ask() {
      if (this.behaviour === 'fails') return Promise.reject(this.error)
      if (this.behaviour === 'stumbles') {
        this.behaviour = 'answers'
        return Promise.reject(this.error)
      }
      if (this.behaviour === 'hangs') return new Promise(() => {})
      if (this.behaviour === 'dawdles') return delay(DAWDLE_MS, 'late answer')
      return Promise.resolve('answer')
    },
  }
}

/** What some services have of their own: their circuits, and their other options. */
export interface OwnOptions {
  readonly circuits?: Readonly<Record<string, CircuitPolicy>> | undefined
  readonly options?: Readonly<Record<string, Partial<ServiceProxyOptions<SceneService>>>> | undefined
}

/** All services work, and were asked a few times. */
export async function openScene(
  names: readonly string[] = NAMES,
  { circuits = {}, options = {} }: OwnOptions = {},
): Promise<Scene> {
  const services = Object.fromEntries(names.map((name) => [name, sceneService()]))
  const manager = new ServiceProxyManager<Record<string, SceneService>>({
    breaker: nativeBreaker(),
    timeoutMs: 1_000,
    circuit: { failureThreshold: 3, recoveryTimeoutMs: 30_000 },
  })
  for (const [name, service] of Object.entries(services)) {
    const provider = factoryProvider(name, {
      create: () => service,
      checkHealth: () => service.behaviour !== 'fails',
    })
    manager.createProxy(name, {
      provider,
      critical: name === 'configService',
      circuit: circuits[name] ?? {},
      ...options[name],
    })
  }
  await Promise.all(names.flatMap((name) => Array.from({ length: 20 }, () => manager.getProxy(name).service.ask())))
  return { manager, services, [Symbol.asyncDispose]: () => manager.stop({ timeoutMs: 0 }) }
}

/** Asks a service until its circuit opens. */
export async function breakCircuit(scene: Scene, name: string): Promise<void> {
  const { service, ask, proxy } = partsOf(scene, name)
  service.behaviour = 'fails'
  while (proxy.circuitState === 'closed') await ask()
}

/** Fails the trials of an open circuit until it has opened so often without a close in between. */
export async function breakAgain(scene: Scene, name: string, openings: number): Promise<void> {
  const { ask, proxy, trialIsDue } = partsOf(scene, name)
  while ((proxy.getStatus().circuit?.openings ?? openings) < openings) {
    await trialIsDue()
    await ask()
  }
}

/** Answers the trials of an open circuit until it closes. */
export async function mendCircuit(scene: Scene, name: string): Promise<void> {
  const { service, ask, proxy, trialIsDue } = partsOf(scene, name)
  service.behaviour = 'answers'
  while (proxy.circuitState !== 'closed') {
    await trialIsDue()
    await ask()
  }
}

/** Asks a service so many times at once, whatever comes of it. */
export async function askTimes(scene: Scene, name: string, times: number): Promise<void> {
  const { ask } = partsOf(scene, name)
  await Promise.all(Array.from({ length: times }, ask))
}

function partsOf({ manager, services }: Scene, name: string) {
  const service = services[name]
  if (service === undefined) throw new Error(`There is no ${name} in this scene`)
  const proxy = manager.getProxy(name)
  return {
    service,
    proxy,
    ask: () => proxy.service.ask().catch(() => undefined),
    trialIsDue: async () => {
      while (proxy.circuitState === 'open') await setImmediate()
    },
  }
}
