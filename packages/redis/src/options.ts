import { InvalidOptionError } from '@svcproxy/core'
import type { AnyRedisClientOptions } from '@redis/client'
import { mastersOf, slotOwners } from './directory.ts'
import type { Directory, RedisNode } from './directory.ts'

/** Where Redis is, and TLS, as `createClient()` of `@redis/client` takes it; but when to connect again is the store's to say. */
export type RedisSocketOptions =
  NonNullable<AnyRedisClientOptions['socket']> extends infer S
    ? S extends unknown
      ? Omit<S, 'reconnectStrategy'>
      : never
    : never

/** Sentinels, who know which server is the master. */
export interface RedisSentinels {
  /** What the sentinels call it: `mymaster`, say. */
  readonly name: string
  /** Some of them: those that answer are believed. */
  readonly rootNodes: readonly RedisNode[]
  /** By which the sentinels know this process. @defaultValue none, whatever it is for Redis */
  readonly username?: string
  /** As `username`. */
  readonly password?: string
  /** TLS to the sentinels. @defaultValue `socket` of the store */
  readonly socket?: RedisSocketOptions
}

/** A cluster. All keys of a namespace are in one slot, so the store connects to the master of that. */
export interface RedisClusterNodes {
  /** Some of its nodes: those that answer are believed. */
  readonly rootNodes: readonly RedisNode[]
}

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
  /** Sentinels tell where it is, in place of `url` and `socket`. */
  readonly sentinel?: RedisSentinels
  /** It is a cluster, whose nodes tell where the data are, in place of `url` and `socket`. */
  readonly cluster?: RedisClusterNodes
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
  /**
   * For a client that ends with `signal`; a copy, for the client changes what it gets.
   * @param server where it is, if that was found out
   */
  client(signal: AbortSignal, server?: RedisNode): AnyRedisClientOptions
  /** Who knows where Redis is; undefined: the options say so. */
  readonly lookup: Lookup | undefined
  readonly connectTimeoutMs: number
  readonly commandTimeoutMs: number
}

/** How it is found out where Redis is. */
export interface Lookup {
  readonly directory: Directory
  readonly rootNodes: readonly RedisNode[]
  /** For a client of one of them. */
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

/** The two connections begin and end together, so they are made anew in pairs, by the store and not by the client. */
function socketOf(socket: RedisSocketOptions, signal: AbortSignal): NonNullable<AnyRedisClientOptions['socket']> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a spread forgets which kind of socket it is
  return { ...socket, reconnectStrategy: false, signal } as NonNullable<AnyRedisClientOptions['socket']>
}

/** Where Redis is, is said once. */
function checkPlace({ url, socket, sentinel, cluster, database }: RedisStoreOptions): void {
  // A url may have a password in it, which errors must not tell.
  check('url', 'redis://…, rediss://… or unix://…', '(another one)', url === undefined || isUrl(url))
  if (sentinel === undefined && cluster === undefined) return
  const isSaidOnce = url === undefined && (sentinel === undefined || cluster === undefined) && !hasPlace(socket)
  check('options', 'an object with one of url, socket.host, socket.path, sentinel and cluster', '(several)', isSaidOnce)
  if (sentinel !== undefined) {
    checkNames('sentinel', sentinel, ['name', 'rootNodes', 'username', 'password', 'socket'])
    const { name, rootNodes } = sentinel
    check('sentinel.name', 'what the sentinels call the master', name, typeof name === 'string' && name !== '')
    check('sentinel.rootNodes', 'a list of { host, port }', rootNodes, areNodes(rootNodes))
  }
  if (cluster !== undefined) {
    checkNames('cluster', cluster, ['rootNodes'])
    check('cluster.rootNodes', 'a list of { host, port }', cluster.rootNodes, areNodes(cluster.rootNodes))
    check('database', '0, for a cluster has no other', database, database === undefined || database === 0)
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
