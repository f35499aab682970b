/** Removes a member with its evidence and its leases. ARGV: prefix, member. */
export const LEAVE = `
local member = ARGV[2]
redis.call('ZREM', alive, member)
redis.call('HDEL', members, member)
for _, service in ipairs(redis.call('SMEMBERS', services)) do
  redis.call('HDEL', evidenceKey(service), member)
  if redis.call('HGET', circuitKey(service), 'probeMember') == member then freeProbe(service) end
end
return 1
`
