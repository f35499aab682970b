import type { ServiceProxyManager } from '@svcproxy/core'
import type { HttpEndpoint, HttpRequest, HttpResponse } from '../message.ts'
import { accessGateBy } from './access-gate.ts'
import { Actions } from './actions.ts'
import { Audit } from './audit.ts'
import { checkManagementOptions } from './check-options.ts'
import { FailureViews } from './failure-view.ts'
import { FleetViews } from './fleet-view.ts'
import { managementStateOf } from './management-state.ts'
import type { ManagementOptions } from './options.ts'
import { Readings } from './readings.ts'
import { methodNotAllowed, refusal } from './responses.ts'
import { type Route, routeOf } from './routes.ts'
import { isMeant } from './same-origin.ts'
import { ServiceViews } from './service-view.ts'
import type { InstanceView } from './snapshot.ts'
import { SnapshotSource } from './snapshot-source.ts'
import { byThisProcess } from './this-process.ts'

/**
 * The management API for a manager's services. Answers everything below `<basePath>/api/`, and nothing else. It fails
 * closed: unauthorized clients learn nothing, and nobody may act unless `readOnly` is false.
 * @throws {@link InvalidOptionError}
 */
export function managementEndpoints<M extends object, R = unknown>(
  manager: ServiceProxyManager<M>,
  options: ManagementOptions<R>,
): HttpEndpoint<R> {
  checkManagementOptions(options)
  const admit = accessGateBy(options, manager.clock)
  const { basePath = '', readOnly = true } = options
  const trustedOrigins = new Set(options.trustedOrigins)
  const { instance, readings, actions } = partsOf(manager, options)
  const here = byThisProcess(instance.id)
  const prefix = `${basePath}/api/`

  const read = async (request: HttpRequest<R>, route: Route | undefined): Promise<HttpResponse> => {
    const decision = await admit(request.original, 'read')
    if (!decision.allowed) return decision.response
    return here(request, () => {
      if (route === undefined) return nothingHere()
      return route.type === 'action' ? wrongMethod(route, readOnly) : readings.answer(request, route)
    })
  }

  const write = async (request: HttpRequest<R>, route: Route | undefined): Promise<HttpResponse> => {
    const refuse = (response: HttpResponse, actor: string | null = null): HttpResponse => {
      if (route?.type === 'action' && request.method === 'POST') actions.refused(request, route, actor)
      return response
    }
    if (!isMeant(request.headers, trustedOrigins)) return refuse(notMeant())
    const decision = await admit(request.original, 'write')
    if (!decision.allowed) return refuse(decision.response)
    return here(request, () => {
      if (route === undefined) return nothingHere()
      if (route.type !== 'action' || request.method !== 'POST') return wrongMethod(route, readOnly)
      if (readOnly) return refuse(wrongMethod(route, readOnly), decision.actor)
      return actions.perform(request, route, decision.actor)
    })
  }

  return (request) => {
    if (!request.path.startsWith(prefix)) return undefined
    const answer = request.method === 'GET' || request.method === 'HEAD' ? read : write
    return answer(request, routeOf(request.path.slice(prefix.length))).catch(() => {
      return refusal(500, 'The management API failed.')
    })
  }
}

function partsOf<M extends object, R>(
  manager: ServiceProxyManager<M>,
  options: ManagementOptions<R>,
): { instance: InstanceView; readings: Readings; actions: Actions } {
  const { environment = null, instanceId, readOnly = true, redact, onAudit } = options
  const { clock } = manager
  const state = managementStateOf(manager)
  const { services, events, startedAt } = state
  const views = new ServiceViews(state, new FailureViews(redact), clock)
  const instance = { id: instanceId ?? state.id, environment, startedAt }
  const fleets = new FleetViews(state, clock)
  const snapshots = new SnapshotSource({ state, views, fleets, clock, instance, readOnly })
  return {
    instance,
    readings: new Readings({ services, events, views, snapshots }),
    actions: new Actions({ state, views, audit: new Audit(onAudit, events, clock) }),
  }
}

function nothingHere(): HttpResponse {
  return refusal(404, 'Not found.')
}

function notMeant(): HttpResponse {
  return refusal(
    403,
    'Actions need the header X-Svcproxy-Action: 1, and an Origin that is this host or a trusted origin.',
  )
}

function wrongMethod(route: Route, readOnly: boolean): HttpResponse {
  if (route.type !== 'action') return methodNotAllowed('GET, HEAD', 'Use GET or HEAD.')
  if (readOnly) return methodNotAllowed('', 'The management API is read-only: no actions are allowed.')
  return methodNotAllowed('POST', 'Use POST for actions.')
}
