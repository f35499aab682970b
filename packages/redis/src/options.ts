import { InvalidOptionError } from '@svcproxy/core'
import type { AnyRedisClientOptions } from '@redis/client'

/** Where Redis is, and TLS, as `createClient()` of `@redis/client` takes it; but when to connect again is the store's to say. */
export type RedisSocketOptions =
  NonNullable<AnyRedisClientOptions['socket']> extends infer S
    ? S extends unknown
      ? Omit<S, 'reconnectStrategy'>
      : never
    : never

/** What `createClient()` of `@redis/client` takes to connect. The rest is the store's own business. */
export interface RedisStoreOptions extends Pick<
  AnyRedisClientOptions,
  'url' | 'username' | 'password' | 'credentialsProvider' | 'name' | 'database' | 'RESP'
> {
  /**
   * Where it is, and TLS. `connectTimeout` limits all of connecting (default 2 000 ms); a connection that says nothing for
   * `socketTimeout` (default 5 000 ms) is given up.
   */
  readonly socket?: RedisSocketOptions
  /** How often an idle connection is tried, in milliseconds: more often than `socketTimeout`. @defaultValue 2 000 */
  readonly pingInterval?: number
  /**
   * How long an operation may take, in milliseconds. One that takes longer rejects, and the store connects anew.
   * @defaultValue 400 @throws {@link InvalidOptionError} when not in 1 … 60 000
   */
  readonly commandTimeoutMs?: number
}

/** {@link RedisStoreOptions} with defaults filled in and bounds checked. */
export interface ResolvedOptions {
  /** For a client that ends with `signal`; a copy, for the client changes what it gets. */
  client(signal: AbortSignal): AnyRedisClientOptions
  readonly connectTimeoutMs: number
  readonly commandTimeoutMs: number
}

const NAMES = [
  'url',
  'socket',
  'username',
  'password',
  'credentialsProvider',
  'name',
  'database',
  'RESP',
  'pingInterval',
  'commandTimeoutMs',
]

/** @throws {@link InvalidOptionError} */
export function resolveOptions(options: RedisStoreOptions): ResolvedOptions {
  check('options', 'an object', options, typeof options === 'object' && options !== null)
  for (const name of Object.keys(options)) {
    check('options', `an object with only ${NAMES.join(', ')}`, name, NAMES.includes(name))
  }
  const { commandTimeoutMs = 400, socket, pingInterval = 2_000, url, ...rest } = options
  check('commandTimeoutMs', 'a number in 1 … 60000', commandTimeoutMs, isDuration(commandTimeoutMs))
  // A url may have a password in it, which errors must not tell.
  check('url', 'redis://…, rediss://… or unix://…', '(another one)', url === undefined || isUrl(url))
  const connectTimeoutMs = socket?.connectTimeout ?? 2_000
  check('socket.connectTimeout', 'a number in 1 … 60000', connectTimeoutMs, isDuration(connectTimeoutMs))
  return {
    commandTimeoutMs,
    connectTimeoutMs,
    client: (signal) => ({
      ...rest,
      ...(url !== undefined && { url }),
      pingInterval,
      disableOfflineQueue: true,
      disableClientInfo: true,
      maintNotifications: 'disabled',
      socket: socketOf({ socketTimeout: 5_000, ...socket, connectTimeout: connectTimeoutMs }, signal),
    }),
  }
}

/** The two connections begin and end together, so they are made anew in pairs, by the store and not by the client. */
function socketOf(socket: RedisSocketOptions, signal: AbortSignal): NonNullable<AnyRedisClientOptions['socket']> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a spread forgets which kind of socket it is
  return { ...socket, reconnectStrategy: false, signal } as NonNullable<AnyRedisClientOptions['socket']>
}

function isDuration(value: unknown): boolean {
  return typeof value === 'number' && value >= 1 && value <= 60_000
}

function isUrl(url: unknown): boolean {
  return typeof url === 'string' && URL.canParse(url) && /^(rediss?|unix):$/.test(new URL(url).protocol)
}

function check(option: string, expected: string, given: unknown, isAccepted: boolean): void {
  if (!isAccepted) throw new InvalidOptionError(option, expected, given)
}
