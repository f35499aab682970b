import type { HttpRequest, HttpResponse } from '../message.ts'
import { accepts, matchesEtag } from '../negotiation.ts'
import type { EventRing } from './event-ring.ts'
import type { ManagedServices } from './managed-services.ts'
import { jsonResponse, refusal, unchanged } from './responses.ts'
import type { ActionRoute, Route } from './routes.ts'
import type { ServiceViews } from './service-view.ts'
import type { SnapshotSource } from './snapshot-source.ts'

/** What {@link Readings} needs. */
export interface ReadingParts {
  readonly services: ManagedServices
  readonly events: EventRing
  readonly views: ServiceViews
  readonly snapshots: SnapshotSource
}

/** Everything that can be read. Access was checked before. */
export class Readings {
  readonly #parts: ReadingParts

  constructor(parts: ReadingParts) {
    this.#parts = parts
  }

  answer(request: HttpRequest, route: Exclude<Route, ActionRoute>): HttpResponse | Promise<HttpResponse> {
    if (route.type === 'snapshot') return this.#snapshot(request)
    return route.type === 'events' ? this.#events(request) : this.#service(route.name)
  }

  async #snapshot({ headers }: HttpRequest): Promise<HttpResponse> {
    const { etag, body } = await this.#parts.snapshots.get()
    if (matchesEtag(headers['if-none-match'], etag)) return unchanged(etag)
    const described = { ETag: etag, Vary: 'Accept-Encoding' }
    const takesGzip = ['gzip', 'x-gzip'].some((coding) => accepts(headers['accept-encoding'], coding))
    const gzipped = takesGzip ? await body.gzipped : undefined
    if (gzipped === undefined) return jsonResponse(body.bytes, described)
    return jsonResponse(gzipped, { ...described, 'Content-Encoding': 'gzip' })
  }

  #service(name: string): HttpResponse {
    const proxy = this.#parts.services.find(name)
    if (proxy === undefined) return refusal(404, 'No such service.')
    return jsonResponse(JSON.stringify(this.#parts.views.detailOf(proxy)))
  }

  #events({ query = '' }: HttpRequest): HttpResponse {
    const [after = '0', ...others] = new URLSearchParams(query).getAll('after')
    if (!/^\d{1,15}$/.test(after) || others.length > 0) {
      return refusal(400, 'after must be the id of an event: an integer.')
    }
    return jsonResponse(JSON.stringify(this.#parts.events.after(Number(after))))
  }
}
