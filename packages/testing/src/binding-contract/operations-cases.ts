import type { EndpointFactory, HttpRequest } from '@svcproxy/http'
import { expect } from 'vitest'
import { type Answer, ask, type AskOptions, jsonOf, managerOf, serve } from './application.ts'
import type { BindingContractCase, ContractApp } from './harness.ts'

const everybody = { authorize: () => true }
const ACTION = { 'content-type': 'application/json', 'x-svcproxy-action': '1' }

/** Sends an action as an authorized client. */
function act(url: string, body: string, options: AskOptions = {}): Promise<Answer> {
  return ask(url, { method: 'POST', body, ...options, headers: { ...ACTION, ...options.headers } })
}

/** Answers everything with the endpoint's view of the request. */
const mirror: EndpointFactory<unknown> = () => async (request) => ({
  status: 200,
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify(await seenBy(request)),
})

async function seenBy(request: HttpRequest): Promise<object> {
  const { method, path, target, query, headers } = request
  return { method, path, target, query, accept: headers['accept'], body: await request.readBody?.(100) }
}

const parsers: readonly Pick<ContractApp, 'parsesBodies'>[] = [{ parsesBodies: false }, { parsesBodies: true }]

export const operationsCases: readonly BindingContractCase[] = [
  [
    'the management API answers where it is mounted, and everything else passes on to the application',
    async (harness) => {
      const url = await serve(harness, {
        manager: managerOf(),
        management: everybody,
        mountPath: '/ops/services',
        routes: [{ path: '/ops/services/own', handle: () => 'of the application' }],
      })
      const snapshot = await ask(`${url}/ops/services/api/snapshot`)
      expect(snapshot).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' } })
      expect(jsonOf(snapshot)['services']).toMatchObject([{ name: 'first' }, { name: 'second' }])
      expect((await ask(`${url}/ops/services/own`)).body).toBe('of the application')
      expect((await ask(`${url}/api/snapshot`)).status).toBe(404)
    },
  ],
  [
    'a snapshot that has not changed is 304 without a body, and HEAD is answered like GET, without a body, too',
    async (harness) => {
      const url = `${await serve(harness, { manager: managerOf(), management: everybody })}/ops/api/snapshot`
      const { headers } = await ask(url)
      const etag = headers.etag ?? 'none'
      expect(await ask(url, { headers: { 'if-none-match': etag } })).toMatchObject({ status: 304, body: '' })
      expect(await ask(url, { method: 'HEAD' })).toMatchObject({ status: 200, body: '', headers: { etag } })
    },
  ],
  [
    'nobody may act unless the application allows it',
    async (harness) => {
      const manager = managerOf()
      const url = await serve(harness, { manager, management: everybody })
      const answer = await act(`${url}/ops/api/services/first/cache`, '{"action":"invalidate"}')
      expect([answer.status, manager.getProxy('first').getCounts().invalidations]).toEqual([405, 0])
    },
  ],
  [
    'an action is done, with or without a body parser of the application before it',
    async (harness) => {
      for (const parser of parsers) {
        const manager = managerOf()
        const url = await serve(harness, { manager, management: { ...everybody, readOnly: false }, ...parser })
        const path = `${url}/ops/api/services/first/circuit`
        expect(await act(path, '{"action":"isolate"}')).toMatchObject({ status: 200 })
        expect(manager.getProxy('first').circuitState).toBe('isolated')
        expect(await act(path, '{"action":"release"}')).toMatchObject({ status: 200 })
        expect(manager.getProxy('first').circuitState).toBe('closed')
        expect(await act(path, '{"action":"explode"}')).toMatchObject({ status: 422 })
      }
    },
  ],
  [
    'a body of more than 8 kB is rejected, with or without a body parser of the application before it',
    async (harness) => {
      for (const parser of parsers) {
        const manager = managerOf()
        const url = await serve(harness, { manager, management: { ...everybody, readOnly: false }, ...parser })
        const action = '{"action":"invalidate"}'
        const path = `${url}/ops/api/services/first/cache`
        expect((await act(path, action.padEnd(8_192))).status).toBe(200)
        expect((await act(path, action.padEnd(8_193))).status).toBe(413)
        expect(manager.getProxy('first').getCounts().invalidations).toBe(1)
      }
    },
  ],
  [
    'a page of another origin may not act',
    async (harness) => {
      const manager = managerOf()
      const url = await serve(harness, { manager, management: { ...everybody, readOnly: false } })
      const path = `${url}/ops/api/services/first/cache`
      const statuses = []
      for (const headers of [
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site' },
        { origin: 'https://evil.example' },
        { 'x-svcproxy-action': '' },
      ]) {
        statuses.push((await act(path, '{"action":"invalidate"}', { headers })).status)
      }
      expect(statuses).toEqual([403, 403, 403, 403])
      expect(manager.getProxy('first').getCounts().invalidations).toBe(0)
      expect(
        (await act(path, '{"action":"invalidate"}', { headers: { 'sec-fetch-site': 'same-origin' } })).status,
      ).toBe(200)
    },
  ],
  [
    'authorize gets the request of the framework, and an error that it throws means no',
    async (harness) => {
      const authorize = (request: unknown) => {
        const { authorization } = (request as { headers: Record<string, string> }).headers
        if (authorization === undefined) return 'unauthenticated' as const
        if (authorization === 'broken') throw new Error('secret')
        return authorization === 'Bearer ok'
      }
      const url = await serve(harness, { manager: managerOf(), management: { authorize } })
      const statusFor = async (authorization?: string) =>
        (await ask(`${url}/ops/api/snapshot`, { headers: authorization === undefined ? {} : { authorization } })).status
      expect([
        await statusFor(),
        await statusFor('no'),
        await statusFor('broken'),
        await statusFor('Bearer ok'),
      ]).toEqual([401, 403, 403, 200])
    },
  ],
  [
    'a mounted endpoint sees the path below its mount point, and the target, the query and the body as they were sent',
    async (harness) => {
      for (const parser of parsers) {
        const url = await serve(harness, { manager: managerOf(), mount: mirror, mountPath: '/a/b', ...parser })
        const { body } = await act(`${url}/a/b/c%2Fd?x=1&y=%20`, '{"z":1}', { headers: { accept: 'text/plain' } })
        expect(JSON.parse(body)).toEqual({
          method: 'POST',
          path: '/c%2Fd',
          target: '/a/b/c%2Fd',
          query: 'x=1&y=%20',
          accept: 'text/plain',
          body: '{"z":1}',
        })
        expect(jsonOf(await ask(`${url}/a/b`))).toMatchObject({ path: '/', target: '/a/b', query: '' })
        expect(jsonOf(await ask(`${url}/a/b/`))).toMatchObject({ path: '/', target: '/a/b/' })
      }
    },
  ],
]
