import type { HttpRequest, HttpResponse } from '@svcproxy/http'
import type { OperatedServices } from '../operated-services.ts'
import type { Contender, Scenario } from '../scenario.ts'

const PATH = '/api/snapshot'

type Ask = (headers?: HttpRequest['headers']) => Promise<HttpResponse>

interface Watched {
  readonly manager: OperatedServices
  /** Asks for a snapshot. */
  readonly ask: Ask
  /** Causes an event, after which no former snapshot is good enough. */
  readonly disturb: () => void
  /** Calls each of the services once. */
  readonly callAll: () => Promise<void>
}

async function watchedServices(): Promise<Watched> {
  const [{ callAll, createOperatedServices, watchForFiveMinutes }, { managementEndpoints }] = await Promise.all([
    import('../operated-services.ts'),
    import('@svcproxy/http'),
  ])
  const manager = createOperatedServices()
  const authorize = (): boolean => true
  const endpoint = await watchForFiveMinutes(manager, () => managementEndpoints(manager, { authorize }))
  const ask: Ask = async (headers = {}) => {
    const answer = endpoint({ method: 'GET', path: PATH, headers, original: undefined })
    if (answer === undefined) throw new Error(`${PATH} was not answered`)
    return answer
  }
  const proxy = manager.getProxy('service0')
  return { manager, ask, disturb: () => proxy.expireCache(), callAll: () => callAll(manager) }
}

/** Something that is done with the watched services, which answers with `status` to the end. */
const looking =
  (status: number, look: (watched: Watched) => () => Promise<HttpResponse>): Contender =>
  async () => {
    const watched = await watchedServices()
    const run = look(watched)
    return {
      run,
      async dispose() {
        const answer = await run()
        if (answer.status !== status) throw new Error(`The last answer was ${answer.status}`)
        await watched.manager.stop()
      },
    }
  }

/** What it costs the process to be looked at. */
export const snapshot: Scenario = {
  id: 'snapshot',
  title: 'What an operator’s look costs',
  meaning:
    'How long a process with 200 services, watched for five minutes, is busy with showing them: the JSON of the management API as its endpoint gives it, without a socket. A snapshot serves all viewers for 250 ms, or until the next event. So that each is made anew, an event comes before it, the expiry of one cache; and, in the second row, a call to each of the 200 services as well, so that nothing of the snapshot before can be used again. Event and calls are in the time.',
  reference: 'management snapshot',
  isLarge: true,
  contenders: {
    'management snapshot': looking(200, ({ ask, disturb }) => () => {
      disturb()
      return ask()
    }),
    'management snapshot, all 200 called before it': looking(200, ({ callAll, ask, disturb }) => async () => {
      await callAll()
      disturb()
      return ask()
    }),
    '200 calls (limit)': async () => {
      const { manager, callAll } = await watchedServices()
      return { run: callAll, dispose: () => manager.stop() }
    },
    'snapshot again within 250 ms': looking(
      200,
      ({ ask }) =>
        () =>
          ask(),
    ),
    'not modified (304)': looking(304, ({ ask }) => {
      let headers: HttpRequest['headers'] = {}
      // As a page does: with the tag of the last answer.
      return async () => {
        const answer = await ask(headers)
        if (answer.status === 200) headers = { 'if-none-match': answer.headers['ETag'] }
        return answer
      }
    }),
    getAllMetrics: async () => {
      const { manager } = await watchedServices()
      return { run: () => manager.getAllMetrics(), dispose: () => manager.stop() }
    },
    'Prometheus scrape': async () => {
      const [{ createOperatedServices, watchForFiveMinutes }, { prometheusMetrics }, { default: client }] =
        await Promise.all([import('../operated-services.ts'), import('@svcproxy/prometheus'), import('prom-client')])
      const manager = createOperatedServices()
      const register = new client.Registry()
      const metrics = await watchForFiveMinutes(manager, () => prometheusMetrics(manager, { client, register }))
      return {
        run: () => register.metrics(),
        dispose: () => {
          metrics.dispose()
          return manager.stop()
        },
      }
    },
  },
}
