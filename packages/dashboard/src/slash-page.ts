import type { HttpResponse } from '@svcproxy/http'
import { protection, sourceHash } from './html.ts'

// With the origin: a path that starts with two slashes would be taken for a host.
const SCRIPT = "location.replace(location.origin+location.pathname+'/'+location.search+location.hash)"

const RESPONSE: HttpResponse = {
  status: 200,
  headers: {
    ...protection(`script-src ${sourceHash(SCRIPT)}`),
    'Cache-Control': 'no-store',
    'Content-Type': 'text/html; charset=utf-8',
  },
  body: `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>svcproxy</title>
<script>${SCRIPT}</script>
<noscript>Add a slash to the address.</noscript>
</html>
`,
}

/**
 * Moves the browser to the same address with a final slash. A redirect cannot do that: only the browser knows the
 * address that it uses in front of a proxy that rewrites paths.
 */
export function slashPage(): HttpResponse {
  return RESPONSE
}
