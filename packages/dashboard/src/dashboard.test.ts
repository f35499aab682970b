import { createHash } from 'node:crypto'
import { InvalidOptionError, ServiceProxyManager } from '@svcproxy/core'
import type { Authorization, HttpEndpoint, HttpResponse, TextResponse } from '@svcproxy/http'
import { expect, test } from 'vitest'
import { dashboard, type DashboardOptions } from './dashboard.ts'

const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const manager = new ServiceProxyManager()
const mounted = (options: Partial<DashboardOptions> = {}): HttpEndpoint<unknown> =>
  dashboard({ authorize: () => true, ...options })(manager)

interface Asked {
  readonly method?: string
  readonly target?: string
  readonly headers?: Record<string, string>
}

const ask = (endpoint: HttpEndpoint<unknown>, path: string, asked: Asked = {}): Promise<HttpResponse> | undefined =>
  endpoint({ method: 'GET', path, headers: {}, original: undefined, ...asked })

async function answerTo(endpoint: HttpEndpoint<unknown>, path: string, asked: Asked = {}): Promise<TextResponse> {
  const answer = await ask(endpoint, path, asked)
  expect(answer, path).toBeDefined()
  return { ...answer!, body: String(answer!.body) }
}

test('the page may speak to where it came from, and to nothing else', async () => {
  const { status, headers, body } = await answerTo(mounted(), '/')
  expect(status).toBe(200)
  expect(headers).toEqual({
    'Content-Security-Policy': PAGE_POLICY,
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-store',
    'Content-Type': 'text/html; charset=utf-8',
  })
  expect(body).toMatch(/^<!doctype html>\n<html lang="en">/)
})

test('the page holds no inline script or style, and every address in it is relative', async () => {
  const { body } = await answerTo(mounted(), '/')
  expect(body).not.toMatch(/<style|style=|<script(?![^>]* src=)|\son\w+=/i)
  const addresses = [...body.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address]) => address)
  expect(addresses).toEqual(['favicon.svg', 'app.css', 'app.js'])
})

test.each([
  ['/app.js', 'text/javascript; charset=utf-8'],
  ['/app.css', 'text/css; charset=utf-8'],
  ['/favicon.svg', 'image/svg+xml'],
])('%s is served with its type, to be asked for again each time', async (path, contentType) => {
  const { status, headers, body } = await answerTo(mounted(), path)
  expect(status).toBe(200)
  expect(headers).toMatchObject({
    'Content-Type': contentType,
    'Cache-Control': 'private, no-cache',
    'X-Content-Type-Options': 'nosniff',
  })
  expect(body).not.toBe('')
})

test('what the browser has is not sent again, also when a compressing proxy made the tag weak', async () => {
  const endpoint = mounted()
  const { headers } = await answerTo(endpoint, '/app.js')
  const etag = headers['ETag']!
  for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
    const again = await answerTo(endpoint, '/app.js', { headers: { 'if-none-match': known } })
    expect(again).toMatchObject({ status: 304, body: '' })
    expect(again.headers['ETag']).toBe(etag)
  }
  const changed = await answerTo(endpoint, '/app.js', { headers: { 'if-none-match': '"other"' } })
  expect(changed.status).toBe(200)
})

// Nine thousand bytes of it are the fleet, and staying with one process behind a load balancer.
test('script and style stay small: under 72 kB together', async () => {
  const [script, style] = await Promise.all([answerTo(mounted(), '/app.js'), answerTo(mounted(), '/app.css')])
  expect(Buffer.byteLength(script.body) + Buffer.byteLength(style.body)).toBeLessThan(72_000)
})

test('the script makes no code from text and no markup from values', async () => {
  const { body } = await answerTo(mounted(), '/app.js')
  expect(body).not.toMatch(/\beval\(|new Function\(|document\.write|insertAdjacentHTML/)
})

test.each(['', '/ops', '/a/b'])('mounted by itself at "%s" it answers there, and nowhere else', async (basePath) => {
  const endpoint = mounted({ basePath })
  expect(await answerTo(endpoint, `${basePath}/`)).toMatchObject({ status: 200 })
  expect(await answerTo(endpoint, `${basePath}/app.css`)).toMatchObject({ status: 200 })
  expect(await answerTo(endpoint, `${basePath}/api/snapshot`)).toMatchObject({ status: 200 })
  for (const path of ['/index.html', '/app.js/', '/app.jsx', '/__proto__', '/constructor', '/APP.js', '//', '/apix']) {
    expect(ask(endpoint, basePath + path), path).toBeUndefined()
  }
})

test('what only begins as the mount point does is not its own', () => {
  const endpoint = mounted({ basePath: '/ops' })
  for (const path of ['/', '/opsx', '/opsx/', '/app.js', '/x/ops/']) expect(ask(endpoint, path), path).toBeUndefined()
})

test.each([
  ['which a framework that mounts calls /', '', '/'],
  ['which a framework that does not mount sends as it is', '/ops', '/ops'],
])('without the slash at its end, %s, the browser is moved to it', async (_who, basePath, path) => {
  const { status, headers, body } = await answerTo(mounted({ basePath }), path, { target: '/ops' })
  expect(status).toBe(200)
  const script = /<script>(.*)<\/script>/.exec(body)![1]!
  expect(script).toBe("location.replace(location.origin+location.pathname+'/'+location.search+location.hash)")
  const hash = createHash('sha256').update(script).digest('base64')
  expect(headers).toMatchObject({ 'Cache-Control': 'no-store' })
  expect(headers['Content-Security-Policy']).toBe(
    `default-src 'none'; script-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  )
})

test.each(['/', '/app.js', '/app.css', '/favicon.svg'])('%s is only for those who may read', async (path) => {
  const refusals: [Authorization | Error, number][] = [
    ['unauthenticated', 401],
    [false, 403],
    [new Error('the directory is down'), 403],
  ]
  for (const [said, status] of refusals) {
    const authorize = (): Authorization => {
      if (said instanceof Error) throw said
      return said
    }
    const answer = await answerTo(mounted({ authorize }), path)
    expect(answer.status).toBe(status)
    expect(answer.headers).toMatchObject({ 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store' })
  }
})

test('authorize is asked whether its request may read', async () => {
  const asked: unknown[] = []
  const endpoint = mounted({
    authorize: (request, access) => {
      asked.push([request, access])
      return true
    },
  })
  await endpoint({ method: 'GET', path: '/', headers: {}, original: 'its own request' })
  expect(asked).toEqual([['its own request', 'read']])
})

test('an authorize that does not answer in time lets nobody in', async () => {
  const endpoint = mounted({ authorize: () => new Promise(() => {}), authorizeTimeoutMs: 1 })
  expect(await answerTo(endpoint, '/')).toMatchObject({ status: 503 })
})

test.each([
  ['unauthenticated', 401, 'Sign in first'],
  [false, 403, 'Access denied'],
] as const)(
  'a browser that is answered %s gets a page that says so and repeats nothing',
  async (said, status, title) => {
    const endpoint = mounted({ authorize: () => said, challenge: 'Basic realm="ops"', basePath: '/ops' })
    const answer = await answerTo(endpoint, '/ops', {
      target: '/ops',
      headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8', 'user-agent': '<img src=x>', host: 'evil' },
    })
    expect(answer.status).toBe(status)
    expect(answer.headers['Content-Type']).toBe('text/html; charset=utf-8')
    expect(answer.headers['Cache-Control']).toBe('no-store')
    expect(answer.headers['WWW-Authenticate']).toBe(said === 'unauthenticated' ? 'Basic realm="ops"' : undefined)
    expect(answer.body).toContain(`<h1>${title}</h1>`)
    expect(answer.body).not.toMatch(/img|evil|\/ops|<script/)
    const style = /<style>([^]*)<\/style>/.exec(answer.body)![1]!
    const hash = createHash('sha256').update(style).digest('base64')
    expect(answer.headers['Content-Security-Policy']).toContain(`style-src 'sha256-${hash}'`)
  },
)

test.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('%s is not how a page is read', async (method) => {
  const answer = await answerTo(mounted(), '/', { method })
  expect(answer.status).toBe(405)
  expect(answer.headers['Allow']).toBe('GET, HEAD')
})

test('HEAD is answered as GET is', async () => {
  const endpoint = mounted()
  expect(await answerTo(endpoint, '/', { method: 'HEAD' })).toEqual(await answerTo(endpoint, '/'))
})

test('a title is text, whatever is in it', async () => {
  const { body } = await answerTo(mounted({ title: `</title><script>alert('$&')</script>` }), '/')
  expect(body).toContain('<title>&#60;/title&#62;&#60;script&#62;alert(&#39;$&#38;&#39;)&#60;/script&#62;</title>')
})

test.each(['', '  ', 'x'.repeat(101), 7])('the title %o is refused at construction', (title) => {
  expect(() => dashboard({ authorize: () => true, title: title as string })).toThrow(InvalidOptionError)
})

test('without authorize there is no dashboard', () => {
  // @ts-expect-error There is no default that lets anybody in.
  expect(() => dashboard({ title: 'Services' })).toThrow(InvalidOptionError)
  // @ts-expect-error Nor without any options.
  expect(() => dashboard()).toThrow(InvalidOptionError)
})

test('a misspelt option is refused where it is mounted: a lock that does not lock is none', () => {
  const options = { authorize: () => true, readonly: true }
  expect(() => dashboard(options)(manager)).toThrow(InvalidOptionError)
})

test('it is read-only unless it is told otherwise', async () => {
  const snapshot = async (options: Partial<DashboardOptions>): Promise<unknown> =>
    JSON.parse((await answerTo(mounted(options), '/api/snapshot')).body)
  expect(await snapshot({})).toMatchObject({ readOnly: true })
  expect(await snapshot({ readOnly: false })).toMatchObject({ readOnly: false })
})
