import { InvalidOptionError } from '@svcproxy/core'
import {
  accessGate,
  type EndpointFactory,
  type HttpRequest,
  type HttpResponse,
  managementEndpoints,
  type ManagementOptions,
} from '@svcproxy/http'
import { assetResponse, indexResponse, methodNotAllowed } from './page-responses.ts'
import { type Wanted, wantedBy } from './page-routes.ts'
import { refusedPage } from './refused-page.ts'
import { slashPage } from './slash-page.ts'

/** Options of the dashboard: all options of the management API, and the title of the page. */
export interface DashboardOptions<R = unknown> extends ManagementOptions<R> {
  /**
   * The heading of the page and the title of its tab.
   * @defaultValue `svcproxy`  @throws {@link InvalidOptionError} when not a string of 1 … 100 characters
   */
  readonly title?: string
}

/**
 * The dashboard: a page that shows the services of a process and lets an operator act, together with the management API
 * that it uses. `services.mount(dashboard({ authorize }))` mounts it in either binding.
 *
 * Everything needs the permission to read from `authorize`, even the page's script and style: they contain no secret,
 * but a rule without exceptions is one that nobody gets wrong. Nothing is written anywhere, and no file is read.
 * @throws {@link InvalidOptionError} here for `authorize` and `title`, for the other options where it is mounted
 */
export function dashboard<R = unknown>(options: DashboardOptions<R>): EndpointFactory<R> {
  const { title = 'svcproxy', ...management } = { ...options }
  checkTitle(title)
  const admit = accessGate<R>(management)
  const index = indexResponse(title)

  const answer = async (request: HttpRequest<R>, wanted: Wanted): Promise<HttpResponse> => {
    const decision = await admit(request.original, 'read')
    if (!decision.allowed) return isPage(wanted) ? refusedPage(request, decision.response) : decision.response
    if (request.method !== 'GET' && request.method !== 'HEAD') return methodNotAllowed()
    if (wanted === 'index.html') return index
    return wanted === 'slash' ? slashPage() : assetResponse(request, wanted)
  }

  return (manager) => {
    const api = managementEndpoints(manager, management)
    return (request) => {
      const wanted = wantedBy(request, management.basePath ?? '')
      return wanted === undefined ? api(request) : answer(request, wanted)
    }
  }
}

function isPage(wanted: Wanted): boolean {
  return wanted === 'index.html' || wanted === 'slash'
}

function checkTitle(title: unknown): void {
  if (typeof title === 'string' && title.trim() !== '' && title.length <= 100) return
  throw new InvalidOptionError('title', 'a string of 1 … 100 characters', title)
}
