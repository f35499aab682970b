import type { HttpRequest, HttpResponse } from '../message.ts'
import { refusal } from './responses.ts'

/** In a response: the process that answered. In a request: the process it is meant for. */
const INSTANCE = 'X-Svcproxy-Instance'

/**
 * Adds the id of this process to the response. The client may send it back: behind a load balancer its next request may
 * reach another process, which then answers 412 and does nothing.
 * @param id the id of the process; it is percent-encoded in the header
 */
export function byThisProcess(
  id: string,
): (request: HttpRequest, answer: () => HttpResponse | Promise<HttpResponse>) => Promise<HttpResponse> {
  const own = encodeURIComponent(id)
  return async ({ headers }, answer) => {
    const { [INSTANCE.toLowerCase()]: meant = own } = headers
    const response = meant === own ? await answer() : refusal(412, 'This request is meant for another process.')
    return { ...response, headers: { ...response.headers, [INSTANCE]: own } }
  }
}
