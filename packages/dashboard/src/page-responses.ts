import { type HttpRequest, type HttpResponse, matchesEtag, problemResponse } from '@svcproxy/http'
import { PAGE_ASSETS } from './page-assets.ts'
import { escapeHtml, protection } from './html.ts'
import type { AssetName } from './page-routes.ts'

/** What the page may do: connect to its own origin, and nothing else. */
const PAGE_POLICY = "script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'"

/** The page itself, created once. */
export function indexResponse(title: string): HttpResponse {
  const { contentType, body } = PAGE_ASSETS['index.html']
  return {
    status: 200,
    headers: { ...protection(PAGE_POLICY), 'Cache-Control': 'no-store', 'Content-Type': contentType },
    // A function, because a `$` in a replacement string would be special.
    body: body.replace(/<title>[^<]*<\/title>/, () => `<title>${escapeHtml(title)}</title>`),
  }
}

/**
 * The page's script, style or icon: cached by the browser, but revalidated each time, so that a new version shows at
 * once.
 */
export function assetResponse({ headers }: HttpRequest, name: AssetName): HttpResponse {
  const { contentType, etag, body } = PAGE_ASSETS[name]
  const always = { ...protection(''), 'Cache-Control': 'private, no-cache', ETag: etag }
  if (matchesEtag(headers['if-none-match'], etag)) return { status: 304, headers: always, body: '' }
  return { status: 200, headers: { ...always, 'Content-Type': contentType }, body }
}

export function methodNotAllowed(): HttpResponse {
  return problemResponse(
    { status: 405, detail: 'Use GET or HEAD to read the page.' },
    { ...protection(''), Allow: 'GET, HEAD' },
  )
}
