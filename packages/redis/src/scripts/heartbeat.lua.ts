/**
 * Extends the life of a member and removes dead ones. ARGV: prefix, member, its description in JSON, its lifetime in
 * ms. Reply: for each live member its id, the age of its heartbeat in ms, and its description.
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
