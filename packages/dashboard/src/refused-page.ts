import type { HttpRequest, HttpResponse } from '@svcproxy/http'
import { protection, sourceHash } from './html.ts'

const WORDS: Readonly<Record<number, { readonly title: string; readonly words: string }>> = {
  401: {
    title: 'Sign in first',
    words: 'The application does not know who you are. Sign in to it, then open this page again.',
  },
  403: {
    title: 'Access denied',
    words: 'The application does not let you see its services. Ask the people who operate it.',
  },
}

const OTHERWISE = {
  title: 'Try again',
  words: 'The application did not decide in time whether you may see this page. Try again in a moment.',
}

const STYLE = `:root{color-scheme:light dark;--ground:#f5f6f8;--card:#fff;--line:#dfe3e8;--ink:#171b22;--quiet:#59626f}
@media (prefers-color-scheme:dark){:root{--ground:#0d1015;--card:#151920;--line:#272d37;--ink:#e8ebf0;--quiet:#9aa4b2}}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--ground);color:var(--ink);font:15px/1.55 -apple-system,'Segoe UI',Roboto,Cantarell,Ubuntu,'Noto Sans',Arial,sans-serif}
main{box-sizing:border-box;width:min(26rem,calc(100vw - 2rem));padding:2.25rem 2.5rem;background:var(--card);border:1px solid var(--line);border-radius:14px}
h1{margin:0 0 .5rem;font-size:1.25rem;letter-spacing:-.01em}p{margin:0;color:var(--quiet)}small{display:block;margin-top:1.5rem;padding-top:1rem;border-top:1px solid var(--line);font-size:.8125rem;color:var(--quiet)}`

/** The same response, but as a page with plain words if a browser opens it. It repeats nothing of the request. */
export function refusedPage({ headers }: HttpRequest, refusal: HttpResponse): HttpResponse {
  if (!acceptsHtml(headers['accept'])) return refusal
  const { title, words } = WORDS[refusal.status] ?? OTHERWISE
  return {
    status: refusal.status,
    headers: {
      ...refusal.headers,
      ...protection(`style-src ${sourceHash(STYLE)}`),
      'Content-Type': 'text/html; charset=utf-8',
    },
    body: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${title}</h1>
<p>${words}</p>
<small>svcproxy dashboard · ${refusal.status}</small>
</main>
</body>
</html>
`,
  }
}

function acceptsHtml(accept: string | string[] | undefined): boolean {
  return String(accept ?? '').includes('text/html')
}
