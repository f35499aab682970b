export { redisStore } from './redis-store.ts'
export type { RedisSocketOptions, RedisStoreOptions } from './options.ts'
