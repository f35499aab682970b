import { opossumBreaker } from '@svcproxy/breaker-opossum'
import { createServiceProxy, factoryProvider } from '@svcproxy/core'
import { Octokit } from 'octokit'
import { Agent } from 'undici'
import { describe, expect, onTestFinished, test } from 'vitest'
import { clientContract } from './client-contract.ts'
import { httpUpstream, sendJson } from './upstream.ts'

const REPOSITORY = { owner: 'o', repo: 'r' }

const upstream = () =>
  httpUpstream(({ url }, response) => {
    sendJson(response, url?.includes('/issues') === true ? [{ title: 'one' }, { title: 'two' }] : { full_name: 'o/r' })
  })

const agents = new WeakMap<Octokit, Agent>()

function connect(baseUrl: string): Octokit {
  const dispatcher = new Agent()
  const octokit = new Octokit({
    baseUrl,
    auth: 'token',
    retry: { enabled: false },
    throttle: { enabled: false },
    request: { fetch: (url: string, init: RequestInit) => fetch(url, Object.assign(init, { dispatcher })) },
    log: { debug: silent, info: silent, warn: silent, error: silent },
  })
  agents.set(octokit, dispatcher)
  return octokit
}

function silent(): void {}

async function disconnect(octokit: Octokit): Promise<void> {
  await agents.get(octokit)?.destroy()
}

clientContract('Octokit', {
  breaker: opossumBreaker(),
  upstream,
  connect,
  disconnect,
  isWell: async (octokit, signal) => (await octokit.rest.meta.root({ request: { signal } })).status === 200,
  call: async (octokit) => {
    const { data } = await octokit.rest.repos.get(REPOSITORY)
    return data.full_name
  },
  method: 'rest.repos.get',
  answer: 'o/r',
  cancellable: (proxy) =>
    proxy.call((octokit, { signal }) => octokit.rest.repos.get({ ...REPOSITORY, request: { signal } })),
})

describe('Octokit, guarded', () => {
  async function setUp() {
    const server = await upstream()
    const proxy = createServiceProxy({
      name: 'github',
      provider: factoryProvider('github', { create: () => connect(server.url), dispose: disconnect }),
      breaker: opossumBreaker(),
    })
    onTestFinished(async () => {
      await proxy.stop()
      await server[Symbol.asyncDispose]()
    })
    return { server, proxy, github: proxy.service }
  }

  test('is asked by route, too', async () => {
    const { proxy, github, server } = await setUp()
    const { data } = await github.request('GET /repos/{owner}/{repo}/issues', REPOSITORY)
    expect(data.map(({ title }) => title)).toEqual(['one', 'two'])
    expect(server.requests).toEqual(['GET /repos/o/r/issues'])
    expect(Object.keys(proxy.getMetrics().latency)).toContain('request')
  })

  test('pages are collected by route', async () => {
    const { github } = await setUp()
    const titles = await github.paginate('GET /repos/{owner}/{repo}/issues', REPOSITORY, ({ data }) =>
      data.map(({ title }) => title),
    )
    expect(titles).toEqual(['one', 'two'])
  })

  test('pages are collected with a method of the client, and with one of the facade', async () => {
    const { proxy, github } = await setUp()
    const issues = await proxy.call((octokit) => octokit.paginate(octokit.rest.issues.listForRepo, REPOSITORY))
    expect(issues).toHaveLength(2)
    expect(await github.paginate(github.rest.issues.listForRepo, REPOSITORY)).toEqual(issues)
  })

  test('what is no method is told with its path', async () => {
    const { proxy, github } = await setUp()
    const repos = github.rest.repos as unknown as () => Promise<unknown>
    await expect(repos()).rejects.toThrow(
      "'rest.repos' is not a method of service 'github'; read a property with proxy.call((service) => service.rest.repos)",
    )
    const missing = Reflect.get(github.rest.repos, 'gett') as () => Promise<unknown>
    await expect(missing()).rejects.toThrow("'rest.repos.gett' is not a method of service 'github'")
    expect(proxy.getCounts().rejections.misuse).toBe(2)
  })
})
