import type { HttpRequest, HttpResponse } from '@svcproxy/http'
import type { OperatedServices } from '../operated-services.ts'
import type { Contender, Scenario } from '../scenario.ts'

const PATH = '/api/snapshot'
const EXPIRY = {
  method: 'POST',
  path: '/api/services/service0/cache',
  headers: { 'content-type': 'application/json', 'x-svcproxy-action': '1' },
  readBody: async () => '{"action":"expire"}',
}

type Ask = (headers?: HttpRequest['headers']) => Promise<HttpResponse>

interface Watched {
  readonly manager: OperatedServices
  /** Asks for a snapshot. */
  readonly ask: Ask
  /** Acts on one service, after which no former snapshot is good enough. */
  readonly act: () => Promise<HttpResponse>
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
  const endpoint = await watchForFiveMinutes(manager, () =>
    managementEndpoints(manager, { authorize, readOnly: false }),
  )
  const send = async (request: Omit<HttpRequest, 'original'>): Promise<HttpResponse> => {
    const answer = endpoint({ ...request, original: undefined })
    if (answer === undefined) throw new Error(`${request.path} was not answered`)
    return answer
  }
  return {
    manager,
    ask: (headers = {}) => send({ method: 'GET', path: PATH, headers }),
    act: () => send(EXPIRY),
    callAll: () => callAll(manager),
  }
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
    'How long a process with 200 services, watched for five minutes, spends on serving them: the JSON of the management API as its endpoint gives it, without a socket. A snapshot serves all viewers for two seconds, or until the next action. So that each is made anew, an action comes before it, the expiry of one cache; and, in the second row, a call to each of the 200 services as well, so that nothing of the snapshot before can be used again. Action and calls are in the time. It is made 20 services at a time, and others get their turn in between.',
  reference: 'management snapshot',
  isLarge: true,
  contenders: {
    'management snapshot': looking(200, ({ ask, act }) => async () => {
      await act()
      return ask()
    }),
    'management snapshot, all 200 called before it': looking(200, ({ callAll, ask, act }) => async () => {
      await callAll()
      await act()
      return ask()
    }),
    '200 calls (limit)': async () => {
      const { manager, callAll } = await watchedServices()
      return { run: callAll, dispose: () => manager.stop() }
    },
    'snapshot again within two seconds': looking(
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
