import type { ManagedFleet } from '@svcproxy/core'
import type { HttpRequest, HttpResponse } from '../message.ts'
import { type Asked, readAction } from './action-body.ts'
import type { Audit } from './audit.ts'
import { isolate, release } from './isolations.ts'
import type { ManagedProxy } from './managed-services.ts'
import type { ManagementState } from './management-state.ts'
import { jsonResponse, refusal } from './responses.ts'
import type { ActionRoute } from './routes.ts'
import type { ServiceViews } from './service-view.ts'
import type { ActionResult, ManagementAction } from './snapshot.ts'

/** What {@link Actions} needs. */
export interface ActionParts {
  readonly state: ManagementState
  readonly views: ServiceViews
  readonly audit: Audit
}

/** The actions of operators. Access was checked before. */
export class Actions {
  readonly #parts: ActionParts

  constructor(parts: ActionParts) {
    this.#parts = parts
  }

  /** Performs the requested action. @param actor the operator who asked for it */
  async perform(request: HttpRequest, route: ActionRoute, actor: string | null): Promise<HttpResponse> {
    const targets = this.#targets(route)
    if (targets === undefined) return refusal(404, 'No such service.')
    const asked = await readAction(request, route)
    if ('response' in asked) return asked.response
    const refused = this.#refusalOf(asked, targets)
    if (refused !== undefined) return refused
    this.#parts.audit.done({ ...asked, service: route.service, actor })
    const found = await this.#do(asked, route.service, targets)
    this.#parts.state.actionCount++
    const services = targets.map((proxy) => this.#parts.views.of(proxy))
    const result: ActionResult = { action: asked.action, services, ...found }
    return jsonResponse(JSON.stringify(result))
  }

  #refusalOf({ action, scope }: Asked, targets: readonly ManagedProxy[]): HttpResponse | undefined {
    if (scope === 'fleet' && this.#fleet === undefined) return refusal(422, 'This process has not joined a fleet.')
    if (!NEEDS_CIRCUIT.has(action) || targets.every((proxy) => proxy.settings.circuit !== false)) return undefined
    return refusal(422, 'The service has no circuit.')
  }

  async #do(
    { action, scope }: Asked,
    service: string | null,
    targets: readonly ManagedProxy[],
  ): Promise<Pick<ActionResult, 'healthy' | 'fleet'>> {
    if (action === 'health-check') return { healthy: await areHealthy(targets) }
    if (scope === 'fleet' && this.#fleet !== undefined) {
      const { fleet } = await this.#fleet.invalidate(service ?? undefined, BY_OPERATOR)
      return { fleet }
    }
    for (const proxy of targets) ACTIONS[action](proxy)
    return {}
  }

  /** Undefined: the process has joined none, or has left it. */
  get #fleet(): ManagedFleet | undefined {
    const { fleet } = this.#parts.state.services
    return fleet?.status.state === 'left' ? undefined : fleet
  }

  /**
   * Notifies the application of a rejected action, if the body says which one. The response does not wait for this: a
   * body that never ends must not keep the connection of an unauthorized client open.
   */
  refused(request: HttpRequest, route: ActionRoute, actor: string | null): void {
    if (this.#targets(route) === undefined) return
    void readAction(request, route).then((asked) => {
      if ('action' in asked) this.#parts.audit.refused({ ...asked, service: route.service, actor })
    })
  }

  /** Undefined: there is no such service. */
  #targets({ service }: ActionRoute): ManagedProxy[] | undefined {
    if (service === null) return this.#parts.state.services.all()
    const proxy = this.#parts.state.services.find(service)
    return proxy && [proxy]
  }
}

const NEEDS_CIRCUIT: ReadonlySet<ManagementAction> = new Set<ManagementAction>(['reset', 'isolate', 'release'])

const BY_OPERATOR = { cause: 'operator' } as const

/** What each action does to a service; `health-check` is not here because it takes time. */
const ACTIONS: Readonly<Record<Exclude<ManagementAction, 'health-check'>, (proxy: ManagedProxy) => void>> = {
  invalidate: (proxy) => proxy.invalidateCache(BY_OPERATOR),
  'invalidate-all': (proxy) => proxy.invalidateCache(BY_OPERATOR),
  expire: (proxy) => proxy.expireCache(BY_OPERATOR),
  reset: (proxy) => proxy.resetCircuitBreaker(BY_OPERATOR),
  'reset-all': (proxy) => proxy.resetCircuitBreaker(BY_OPERATOR),
  isolate,
  release,
}

async function areHealthy(proxies: readonly ManagedProxy[]): Promise<boolean> {
  const answers = await Promise.all(proxies.map((proxy) => proxy.checkHealth()))
  return answers.every((healthy) => healthy)
}
