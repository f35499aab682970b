import { CommandFailure } from './failure.ts'

/**
 * The address of a management API, without a slash at its end. A rejected address is never repeated, because it may
 * contain secrets.
 * @throws {@link CommandFailure} when it is not an address, has credentials or a query, or would go unencrypted over a
 * network
 */
export function managementUrl(text: string, allowInsecure: boolean): string {
  const url = parsed(text)
  if (url.username !== '' || url.password !== '') {
    throw refused('contains credentials, which end up in the history of the shell; set SVCPROXY_TOKEN instead')
  }
  if (url.search !== '') throw refused('contains a query; remove everything from "?" on')
  if (url.protocol === 'http:' && !allowInsecure && !isLoopback(url.hostname)) {
    throw refused(
      'is plain http to another machine, so that others on the network can read and change what is sent; use https, or --allow-insecure on a trusted network',
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

/** Names below `localhost` are not included, because some resolvers send them to the network. */
function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname)
}
