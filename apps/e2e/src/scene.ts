import { nativeBreaker } from '@svcproxy/breaker-native'
import { factoryProvider, ServiceProxyManager } from '@svcproxy/core'

/** What a service of a scene does when it is asked. */
type Behaviour = 'answers' | 'fails' | 'hangs'

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
      if (this.behaviour === 'hangs') return new Promise(() => {})
      return Promise.resolve('answer')
    },
  }
}

/** All services work, and were asked a few times. */
export async function openScene(names: readonly string[] = NAMES): Promise<Scene> {
  const services = Object.fromEntries(names.map((name) => [name, sceneService()]))
  const manager = new ServiceProxyManager<Record<string, SceneService>>({
    breaker: nativeBreaker(),
    timeoutMs: 1_000,
    circuit: { failureThreshold: 3, recoveryTimeoutMs: 30_000 },
  })
  for (const [name, service] of Object.entries(services)) {
    const provider = factoryProvider(name, {
      create: () => service,
      checkHealth: () => service.behaviour === 'answers',
    })
    manager.createProxy(name, { provider, critical: name === 'configService' })
  }
  await Promise.all(names.flatMap((name) => Array.from({ length: 20 }, () => manager.getProxy(name).service.ask())))
  return { manager, services, [Symbol.asyncDispose]: () => manager.stop({ timeoutMs: 0 }) }
}

/** Asks a service until its circuit opens. */
export async function breakCircuit({ manager, services }: Scene, name: string): Promise<void> {
  const service = services[name]
  if (service === undefined) throw new Error(`There is no ${name} in this scene`)
  service.behaviour = 'fails'
  const proxy = manager.getProxy(name)
  while (proxy.circuitState === 'closed') await proxy.service.ask().catch(() => undefined)
}
