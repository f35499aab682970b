import { expect, test } from 'vitest'
import { parseCommandLine } from './command-line.ts'
import type { CliEnvironment } from './terminal.ts'

const URL_GIVEN = 'https://app.internal/ops/services'

function parse(line: string, env: CliEnvironment = {}) {
  return parseCommandLine(
    line.split(' ').filter((part) => part !== ''),
    env,
  )
}

test('what is not said has a default', () => {
  expect(parse(`status ${URL_GIVEN}`)).toEqual({
    command: 'status',
    url: URL_GIVEN,
    service: undefined,
    all: false,
    fleet: false,
    json: false,
    timeoutMs: 5_000,
    intervalMs: 2_000,
    token: undefined,
  })
})

test('a health check has longer than the service has for it', () => {
  expect(parse(`health ${URL_GIVEN} fleet`)).toMatchObject({ timeoutMs: 15_000 })
  expect(parse(`health ${URL_GIVEN}`)).toMatchObject({ timeoutMs: 5_000 })
  expect(parse(`health ${URL_GIVEN} fleet --timeout-ms 700`)).toMatchObject({ timeoutMs: 700 })
})

test('a slash at the end of the URL makes no difference', () => {
  expect(parse(`status ${URL_GIVEN}//`)).toMatchObject({ url: URL_GIVEN })
  expect(parse('status https://app.internal/')).toMatchObject({ url: 'https://app.internal' })
})

test('the URL may come from the environment, and then need not be repeated', () => {
  const env = { SVCPROXY_URL: URL_GIVEN }
  expect(parse('status', env)).toMatchObject({ url: URL_GIVEN, service: undefined })
  expect(parse('isolate fleet', env)).toMatchObject({ url: URL_GIVEN, service: 'fleet' })
})

test('a URL that is given goes before that of the environment', () => {
  expect(parse(`isolate ${URL_GIVEN} fleet`, { SVCPROXY_URL: 'https://other.internal' })).toMatchObject({
    url: URL_GIVEN,
    service: 'fleet',
  })
})

test('an invalidation may be for the whole fleet', () => {
  expect(parse(`invalidate ${URL_GIVEN} desk --fleet`)).toMatchObject({ service: 'desk', all: false, fleet: true })
  expect(parse(`invalidate ${URL_GIVEN} --all --fleet`)).toMatchObject({ service: undefined, all: true, fleet: true })
})

test('the token comes from the environment', () => {
  expect(parse(`status ${URL_GIVEN}`, { SVCPROXY_TOKEN: 's3cr3t' })).toMatchObject({ token: 's3cr3t' })
  expect(parse(`status ${URL_GIVEN}`, { SVCPROXY_TOKEN: '' })).toMatchObject({ token: undefined })
})

test('help and version go before everything else', () => {
  expect(parse('--help')).toBe('help')
  expect(parse('isolate -h')).toBe('help')
  expect(parse('--version')).toBe('version')
})

test.each([
  ['', 'No command was given.'],
  ['stat https://app.internal', 'There is no such command: stat.'],
  ['https://ops:s3cr3t@app.internal', 'There is no such command.'],
  ['status', 'The URL of the management API is missing'],
  ['status app.internal/ops', 'must begin with "https://"'],
  ['status file:///etc/passwd', 'must begin with "https://"'],
  ['status https:app.internal', 'must begin with "https://"'],
  ['status https://app.internal/?token=s3cr3t', 'contains a query'],
  ['status https://s3cr3t@app.internal', 'contains credentials'],
  ['status https://ops:s3cr3t@app.internal', 'contains credentials'],
  ['status https://app.internal one two', 'too many arguments'],
  ['status https://app.internal ..', 'The name of the service must not be'],
  ['status https://app.internal --all', '--all can only be used with invalidate and reset'],
  [
    'status https://app.internal --fleet',
    '--fleet can only be used with invalidate: all other commands are for one process.',
  ],
  ['reset https://app.internal desk --fleet', '--fleet can only be used with invalidate'],
  ['invalidate https://app.internal --fleet', 'invalidate needs the name of a service, or --all'],
  ['invalidate https://app.internal desk --fleet=s3cr3t', '--fleet takes no value'],
  ['watch https://app.internal fleet', 'watch takes no service'],
  ['reset https://app.internal', 'reset needs the name of a service, or --all'],
  ['reset https://app.internal fleet --all', 'not both'],
  ['status https://app.internal --tokn s3cr3t', '--tokn is not an option'],
  ['status https://app.internal --token s3cr3t', 'set SVCPROXY_TOKEN'],
  ['status https://app.internal --token=s3cr3t', 'set SVCPROXY_TOKEN'],
  ['status https://app.internal --json=s3cr3t', '--json takes no value'],
  ['status https://app.internal --timeout-ms', '--timeout-ms needs a value'],
  [
    'status https://app.internal --timeout-ms=0',
    '--timeout-ms must be a whole number of milliseconds in 1 … 2147483647',
  ],
  ['status https://app.internal --timeout-ms=1e3', 'must be a whole number'],
  ['status https://app.internal --timeout-ms=-5', 'must be a whole number'],
  ['status https://app.internal --timeout-ms=2147483648', 'must be a whole number'],
  ['watch https://app.internal --interval-ms=99', '--interval-ms must be a whole number of milliseconds in 100'],
  ['status https://app.internal --interval-ms=500', '--interval-ms can only be used with watch'],
])('"%s" is refused with a reason that repeats no secret', (line, reason) => {
  expect(() => parse(line)).toThrow(reason)
  expect(() => parse(line)).not.toThrow('s3cr3t')
})

test.each(['s3cr3t\n', 's3 cr3t', 's3cr3t\u0000', 'sécr3t'])(
  'a token that no header can hold is refused and not repeated',
  (token) => {
    const parseIt = () => parse(`status ${URL_GIVEN}`, { SVCPROXY_TOKEN: token })
    expect(parseIt).toThrow('SVCPROXY_TOKEN contains')
    expect(parseIt).not.toThrow('cr3t')
  },
)

test.each(['http://192.0.2.1/ops', 'http://app.internal', 'http://localhost.evil.example', 'http://127.evil.example'])(
  'plain http to another machine is refused: %s',
  (url) => {
    expect(() => parse(`status ${url}`)).toThrow('plain http to another machine')
    expect(parse(`status ${url} --allow-insecure`)).toMatchObject({ url })
  },
)

test.each(['http://localhost:3000/ops', 'http://127.0.0.1:3000', 'http://127.1.2.3', 'http://[::1]:3000/ops'])(
  'plain http to this machine is allowed: %s',
  (url) => {
    expect(parse(`status ${url}`)).toMatchObject({ url })
  },
)
