import { CommandFailure } from './failure.ts'

/**
 * The address of a management API, without a slash at its end. What is refused is never repeated: it may hold what
 * nobody but its owner should read.
 * @throws {@link CommandFailure} when it is none, carries credentials or a query, or would go unencrypted over a network
 */
export function managementUrl(text: string, allowInsecure: boolean): string {
  const url = parsed(text)
  if (url.username !== '' || url.password !== '') {
    throw refused('holds credentials, which end up in the history of the shell; set SVCPROXY_TOKEN instead')
  }
  if (url.search !== '') throw refused('holds a query; give the address without what begins with "?"')
  if (url.protocol === 'http:' && !allowInsecure && !isLoopback(url.hostname)) {
    throw refused(
      'is plain http to another machine, where all who are on the way can read and change what is sent; use https, or --allow-insecure when the way is safe',
    )
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`
}

function parsed(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol) || !/^https?:\/\//i.test(text)) {
    throw refused('is none: it must begin with "https://", as in https://app.internal/ops/services')
  }
  return url
}

function refused(why: string): CommandFailure {
  return new CommandFailure('usage', `The URL ${why}.`)
}

/** Names below `localhost` are not among them: not every resolver keeps those on the machine. */
function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname)
}
