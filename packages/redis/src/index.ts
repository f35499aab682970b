export { redisStore } from './redis-store.ts'
export type { RedisNode } from './directory.ts'
export type { RedisClusterNodes, RedisSentinels, RedisSocketOptions, RedisStoreOptions } from './options.ts'
