import { InvalidOptionError } from '@svcproxy/core'
import type { AnyRedisClientOptions } from '@redis/client'
import { mastersOf, slotOwners } from './directory.ts'
import type { Directory, RedisNode } from './directory.ts'

/**
 * Address and TLS options, as `createClient()` of `@redis/client` takes them, except for the reconnect strategy: the
 * store itself decides when to reconnect.
 */
export type RedisSocketOptions =
  NonNullable<AnyRedisClientOptions['socket']> extends infer S
    ? S extends unknown
      ? Omit<S, 'reconnectStrategy'>
      : never
    : never

/** Sentinels, which know which server is the master. */
export interface RedisSentinels {
  /** The name of the master at the sentinels, for example `mymaster`. */
  readonly name: string
  /** The addresses of some sentinels; the first answer counts. */
  readonly rootNodes: readonly RedisNode[]
  /** The user name for the sentinels. @defaultValue none, even if Redis has one */
  readonly username?: string
  /** The password for the sentinels. @defaultValue none, even if Redis has one */
  readonly password?: string
  /** TLS options for the sentinels. @defaultValue the `socket` of the store */
  readonly socket?: RedisSocketOptions
}

/** A cluster. All keys of a namespace are in one slot, so the store connects to the master of that slot. */
export interface RedisClusterNodes {
  /** The addresses of some of its nodes; the first answer counts. */
  readonly rootNodes: readonly RedisNode[]
}

/** Connection options, as `createClient()` of `@redis/client` takes them. Its other options are up to the store. */
export interface RedisStoreOptions extends Pick<
  AnyRedisClientOptions,
  'url' | 'username' | 'password' | 'credentialsProvider' | 'name' | 'database' | 'RESP'
> {
  /**
   * Address and TLS options. `connectTimeout` limits the whole of connecting (default 2 000 ms). A connection that is
   * silent for `socketTimeout` (default 5 000 ms) is closed.
   */
  readonly socket?: RedisSocketOptions
  /** Find the server by sentinels, instead of `url` and `socket`. */
  readonly sentinel?: RedisSentinels
  /** Find the server by the nodes of a cluster, instead of `url` and `socket`. */
  readonly cluster?: RedisClusterNodes
  /**
   * How often an idle connection is pinged, in milliseconds; has to be less than `socketTimeout`.
   * @defaultValue 2 000
   */
  readonly pingInterval?: number
  /**
   * The timeout of an operation, in milliseconds. An operation that takes longer rejects, and the store reconnects.
   * @defaultValue 400  @throws {@link InvalidOptionError} when not in 1 … 60 000
   */
  readonly commandTimeoutMs?: number
}

/** {@link RedisStoreOptions} with defaults filled in and bounds checked. */
export interface ResolvedOptions {
  /**
   * Options for a client that is closed by `signal`; a copy, because the client changes it.
   * @param server the address, if it was looked up
   */
  client(signal: AbortSignal, server?: RedisNode): AnyRedisClientOptions
  /** How to look up the server; undefined: the options have its address. */
  readonly lookup: Lookup | undefined
  readonly connectTimeoutMs: number
  readonly commandTimeoutMs: number
}

/** How to look up the address of the server. */
export interface Lookup {
  readonly directory: Directory
  readonly rootNodes: readonly RedisNode[]
  /** Options for a client of one of them. */
  client(signal: AbortSignal, node: RedisNode): AnyRedisClientOptions
}

const LOGIN = ['username', 'password', 'credentialsProvider', 'name', 'database', 'RESP']
const NAMES = ['url', 'socket', 'sentinel', 'cluster', ...LOGIN, 'pingInterval', 'commandTimeoutMs']

/** @throws {@link InvalidOptionError} */
export function resolveOptions(options: RedisStoreOptions): ResolvedOptions {
  checkNames('options', options, NAMES)
  checkPlace(options)
  const { commandTimeoutMs = 400, socket, pingInterval = 2_000, url, sentinel, cluster, ...rest } = options
  check('commandTimeoutMs', 'a number in 1 … 60000', commandTimeoutMs, isDuration(commandTimeoutMs))
  const connectTimeoutMs = socket?.connectTimeout ?? 2_000
  check('socket.connectTimeout', 'a number in 1 … 60000', connectTimeoutMs, isDuration(connectTimeoutMs))
  const clientOf =
    (own: AnyRedisClientOptions, link: RedisSocketOptions | undefined) =>
    (signal: AbortSignal, node?: RedisNode): AnyRedisClientOptions => ({
      ...own,
      pingInterval,
      disableOfflineQueue: true,
      disableClientInfo: true,
      maintNotifications: 'disabled',
      socket: socketOf({ socketTimeout: 5_000, ...link, ...node, connectTimeout: connectTimeoutMs }, signal),
    })
  const client = clientOf({ ...rest, ...(url !== undefined && { url }) }, socket)
  const lookup = (): Lookup | undefined => {
    if (cluster !== undefined) return { directory: slotOwners, rootNodes: cluster.rootNodes, client }
    if (sentinel === undefined) return undefined
    const { name, rootNodes, socket: link = socket, ...user } = sentinel
    const protocol = rest.RESP === undefined ? {} : { RESP: rest.RESP }
    return { directory: mastersOf(name), rootNodes, client: clientOf({ ...user, ...protocol }, link) }
  }
  return { commandTimeoutMs, connectTimeoutMs, client, lookup: lookup() }
}

/** The two connections are opened and closed together, so the store reconnects them, not the client. */
function socketOf(socket: RedisSocketOptions, signal: AbortSignal): NonNullable<AnyRedisClientOptions['socket']> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a spread forgets which kind of socket it is
  return { ...socket, reconnectStrategy: false, signal } as NonNullable<AnyRedisClientOptions['socket']>
}

/** The address may be given in one way only. */
function checkPlace({ url, socket, sentinel, cluster, database }: RedisStoreOptions): void {
  // A url may contain a password, which errors must not show.
  check('url', 'redis://…, rediss://… or unix://…', '(another one)', url === undefined || isUrl(url))
  if (sentinel === undefined && cluster === undefined) return
  const isSaidOnce = url === undefined && (sentinel === undefined || cluster === undefined) && !hasPlace(socket)
  check('options', 'an object with one of url, socket.host, socket.path, sentinel and cluster', '(several)', isSaidOnce)
  if (sentinel !== undefined) {
    checkNames('sentinel', sentinel, ['name', 'rootNodes', 'username', 'password', 'socket'])
    const { name, rootNodes } = sentinel
    check('sentinel.name', 'the name of the master at the sentinels', name, typeof name === 'string' && name !== '')
    check('sentinel.rootNodes', 'a non-empty array of { host, port }', rootNodes, areNodes(rootNodes))
  }
  if (cluster !== undefined) {
    checkNames('cluster', cluster, ['rootNodes'])
    check('cluster.rootNodes', 'a non-empty array of { host, port }', cluster.rootNodes, areNodes(cluster.rootNodes))
    check('database', '0, because a cluster has no other database', database, database === undefined || database === 0)
  }
}

function checkNames(option: string, given: object, names: readonly string[]): void {
  check(option, 'an object', given, typeof given === 'object' && given !== null)
  for (const name of Object.keys(given)) {
    check(option, `an object with only ${names.join(', ')}`, name, names.includes(name))
  }
}

function hasPlace(socket: object | undefined): boolean {
  return socket !== undefined && ['host', 'port', 'path'].some((name) => name in socket)
}

function areNodes(nodes: unknown): boolean {
  return Array.isArray(nodes) && nodes.length > 0 && nodes.every(isNode)
}

function isNode(node: unknown): boolean {
  if (typeof node !== 'object' || node === null || !('host' in node) || !('port' in node)) return false
  const { host, port } = node
  return typeof host === 'string' && host !== '' && Number.isInteger(port) && Number(port) > 0 && Number(port) < 65_536
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
