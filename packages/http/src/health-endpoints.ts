import type { HealthLevel, HealthStatus, ServiceProxyManager } from '@svcproxy/core'
import { systemClock } from '@svcproxy/core/adapter'
import type { HttpEndpoint, HttpRequest, HttpResponse } from './message.ts'
import { accepts } from './negotiation.ts'
import { checkBasePath, checkFunction, checkTimeout } from './option-checks.ts'
import { permissionWithin } from './permission.ts'
import { problemResponse } from './problem.ts'
import { endingOf } from './shutdown/ending.ts'

/** Options of the health endpoints. `R` is the framework's own request. */
export interface HealthOptions<R = unknown> {
  /**
   * Whether a request may see the state of each service. If it throws, rejects or takes too long, the answer is no.
   * @defaultValue no request may
   */
  readonly authorize?: (request: R) => boolean | PromiseLike<boolean>
  /**
   * The path before `/livez`, `/readyz` and `/healthz`, for example `/internal`.
   * @defaultValue ''  @throws {@link InvalidOptionError} when not empty or a path without a slash at its end
   */
  readonly basePath?: string
  /**
   * How long health checks and `authorize` may take before they count as failed, in milliseconds. The default is below
   * the one second that many probes wait: otherwise a single hung service that is not critical would make the whole
   * application look dead.
   * @defaultValue 900  @throws {@link InvalidOptionError} when not in 1 … 2 147 483 647
   */
  readonly timeoutMs?: number
}

type EndpointName = 'livez' | 'readyz' | 'healthz'

/** What the body says besides the status. */
interface Findings {
  readonly status?: number
  readonly notes?: readonly string[]
  readonly services?: HealthStatus['services']
  readonly fleet?: HealthStatus['fleet']
}

const STOPPING = { notes: ['stopping'] }

const NO_STORE = { 'Cache-Control': 'no-store' }

/**
 * The health endpoints, for GET and HEAD:
 * - `/livez` 200 while the process answers; asks nothing.
 * - `/readyz` 503 when a critical service is unhealthy, and at once when the manager stops or {@link shutdown} was
 *   called for it through any binding; else 200.
 * - `/healthz` always 200; the body says what is wrong, with the note `stopping` while the application is stopping.
 *
 * An open circuit and an unhealthy service that is not critical are `warn`, which is no reason to take the application
 * out of service.
 * @throws {@link InvalidOptionError}
 */
export function healthEndpoints<M extends object, R = unknown>(
  manager: ServiceProxyManager<M>,
  options: HealthOptions<R> = {},
): HttpEndpoint<R> {
  const { authorize, basePath = '', timeoutMs = 900 } = options
  checkOptions(options)
  const ending = endingOf(manager)
  const endpoints = new Map<string, EndpointName>()
  for (const name of ['livez', 'readyz', 'healthz'] as const) endpoints.set(`${basePath}/${name}`, name)

  const answer = async (endpoint: EndpointName, request: HttpRequest<R>): Promise<HttpResponse> => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return methodNotAllowed()
    if (endpoint === 'livez') return healthResponse(request, 'pass')
    // No service can change the answer, and a service that hangs would delay it.
    if (endpoint === 'readyz' && ending.hasBegun) return healthResponse(request, 'fail', { ...STOPPING, status: 503 })
    const [{ status, services, stopping, fleet }, mayKnow] = await Promise.all([
      manager.getHealthStatus({ timeoutMs }),
      isAllowed(authorize, request.original, timeoutMs),
    ])
    const level = ending.hasBegun ? 'fail' : status
    return healthResponse(request, level, {
      status: endpoint === 'readyz' && level === 'fail' ? 503 : 200,
      ...(stopping || ending.hasBegun ? STOPPING : {}),
      ...(mayKnow && { services, fleet }),
    })
  }

  return (request) => {
    const endpoint = endpoints.get(request.path)
    return endpoint === undefined ? undefined : answer(endpoint, request)
  }
}

async function isAllowed<R>(authorize: HealthOptions<R>['authorize'], request: R, timeoutMs: number): Promise<boolean> {
  return authorize !== undefined && (await permissionWithin(timeoutMs, systemClock, () => authorize(request))) === true
}

/**
 * The body follows draft-inadarei-api-health-check. The draft has expired, so its media type is only used on request.
 */
function healthResponse({ headers }: HttpRequest, level: HealthLevel, findings: Findings = {}): HttpResponse {
  const { services, fleet, notes, status = 200 } = findings
  const checks = services && Object.fromEntries(Object.entries(services).map(([name, health]) => [name, [health]]))
  const contentType = accepts(headers['accept'], 'application/health+json')
    ? 'application/health+json'
    : 'application/json'
  return {
    status,
    headers: { ...NO_STORE, 'Content-Type': contentType },
    body: JSON.stringify({ status: level, notes, checks, fleet }),
  }
}

function methodNotAllowed(): HttpResponse {
  return problemResponse({ status: 405, detail: 'Use GET or HEAD to read health.' }, { Allow: 'GET, HEAD' })
}

function checkOptions<R>({ authorize, basePath, timeoutMs }: HealthOptions<R>): void {
  checkFunction('authorize', authorize)
  checkBasePath(basePath)
  checkTimeout('timeoutMs', timeoutMs)
}
