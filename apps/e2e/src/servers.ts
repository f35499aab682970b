import type { ServiceProxyManager } from '@svcproxy/core'
import { dashboard, type DashboardOptions } from '@svcproxy/dashboard'
import { bindServices as bindExpress } from '@svcproxy/express'
import { bindServices as bindKoa } from '@svcproxy/koa'
import express from 'express'
import Koa from 'koa'
import { createServer, request, type RequestListener } from 'node:http'

/** A server on the loopback interface. */
export interface Serving extends AsyncDisposable {
  readonly origin: string
}

export async function serve(listener: RequestListener): Promise<Serving> {
  const server = createServer(listener)
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('A TCP server without a port')
  return {
    origin: `http://127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

/** What an application says of its dashboard, whatever its framework. */
export type Mounted = Omit<DashboardOptions, 'basePath'>

/** Makes an application whose dashboard is mounted at `path`, and nothing else. */
export type Mount = <M extends object>(
  manager: ServiceProxyManager<M>,
  path: string,
  options: Mounted,
) => RequestListener

export const FRAMEWORKS: Readonly<Record<'Express' | 'Koa', Mount>> = {
  Express(manager, path, options) {
    const app = express()
    app.use(path, bindExpress(manager).mount(dashboard(options)))
    return app
  },
  Koa(manager, path, options) {
    const app = new Koa()
    app.use(bindKoa(manager).mount(dashboard({ ...options, basePath: path === '/' ? '' : path })))
    const answer = app.callback()
    return (req, res) => void answer(req, res)
  },
}

/** A proxy that serves everything below `from` as what `target` has below `to`, as a gateway does. */
export function renamingProxy(target: string, { from, to }: { from: string; to: string }): RequestListener {
  return (req, res) => {
    const { url = '/', method, headers } = req
    if (!url.startsWith(from)) {
      res.writeHead(404).end()
      return
    }
    const forwarded = request(`${target}${to}${url.slice(from.length)}`, { method, headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(res)
    })
    forwarded.on('error', () => res.writeHead(502).end())
    req.pipe(forwarded)
  }
}
