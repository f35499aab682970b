/**
 * A member lives for some time more; the dead are forgotten. ARGV: prefix, member, what it tells of itself in JSON, for
 * how long in ms. Reply: id, how long ago it told in ms, and what it told, for each that lives.
 */
export const HEARTBEAT = `
local member = ARGV[2]
redis.call('ZADD', alive, after(ARGV[4]), member)
redis.call('HSET', members, member, int(now) .. ':' .. ARGV[3])
for _, dead in ipairs(redis.call('ZRANGEBYSCORE', alive, '-inf', int(now))) do
  redis.call('ZREM', alive, dead)
  redis.call('HDEL', members, dead)
end
for _, key in ipairs(KEYS) do keep(key) end
local reply = {}
for _, id in ipairs(redis.call('ZRANGE', alive, 0, -1)) do
  local told = redis.call('HGET', members, id)
  local colon = told and string.find(told, ':', 1, true)
  local at = colon and tonumber(string.sub(told, 1, colon - 1))
  if at then table.insert(reply, { id, int(math.max(0, now - at)), string.sub(told, colon + 1) }) end
end
return reply
`
