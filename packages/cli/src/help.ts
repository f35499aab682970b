import { readFileSync } from 'node:fs'
import { COMMANDS, type CommandTarget } from './command-names.ts'

const ARGUMENTS: Readonly<Record<CommandTarget, string>> = {
  none: '',
  one: ' <service>',
  'all or one': ' [service]',
  'one or all': ' <service>|--all',
}

/** What `--help` prints. */
export function helpText(): string {
  return `svcproxy <command> [url] [service] [options]

Shows the services of a process and acts on them, through the management API
of @svcproxy/http.

Commands
${Object.entries(COMMANDS)
  .map(([name, { target, does }]) => `  ${`${name}${ARGUMENTS[target]}`.padEnd(27)}${does}`)
  .join('\n')}

The url is where the API is mounted: https://app.internal/ops/services

Options
  --fleet             invalidate: in every process of the fleet
  --json              the API's response; watch: one JSON document per line
  --timeout-ms <n>    for each request; 5000, or 15000 for a health check
  --interval-ms <n>   watch: time between two requests; 2000
  --allow-insecure    allow plain http to another machine; others can read it
  -h, --help          shows this text
  --version           shows the version

Environment
  SVCPROXY_URL        the url, if none is given
  SVCPROXY_TOKEN      sent as a Bearer token; there is no option for it
  NO_COLOR, FORCE_COLOR

Exit codes
  0  healthy (status pass; health: no check failed), or the action was done
  1  warn or fail; health: a check failed
  2  unreachable, refused, interrupted or wrong usage: see standard error
`
}

/** The version of this package. */
export function versionText(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  const isObject = typeof manifest === 'object' && manifest !== null
  return isObject && 'version' in manifest ? String(manifest.version) : 'unknown'
}
