import type { HttpRequest, HttpResponse } from '../message.ts'
import { refusal } from './responses.ts'

/** Which process an answer is of; in a request, which one it is meant for. */
const INSTANCE = 'X-Svcproxy-Instance'

/**
 * Answers with the name of this process, which whoever asks may send back: behind a load balancer the next request may
 * reach another process, which then says so (412) and does nothing.
 * @param id of the process; the header has it percent-encoded
 */
export function byThisProcess(
  id: string,
): (request: HttpRequest, answer: () => HttpResponse | Promise<HttpResponse>) => Promise<HttpResponse> {
  const own = encodeURIComponent(id)
  return async ({ headers }, answer) => {
    const { [INSTANCE.toLowerCase()]: meant = own } = headers
    const response =
      meant === own ? await answer() : refusal(412, 'This is another process than the one that was meant.')
    return { ...response, headers: { ...response.headers, [INSTANCE]: own } }
  }
}
