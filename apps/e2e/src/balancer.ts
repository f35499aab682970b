import { request, type RequestListener } from 'node:http'

/**
 * Gives each request to one of `origins`, as they come; the list may change. By chance, as among the requests of many
 * browsers, but the same in each run: one that is strictly taken in turn, for one page alone, never shows it some of them.
 */
export function balancer(origins: readonly string[]): RequestListener {
  let chance = 1
  return (req, res) => {
    const { url = '/', method, headers } = req
    chance = (chance * 48_271) % 2_147_483_647
    const target = origins[chance % origins.length]
    const forwarded = request(`${target}${url}`, { method, headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(res)
    })
    forwarded.on('error', () => res.writeHead(502).end())
    req.pipe(forwarded)
  }
}
