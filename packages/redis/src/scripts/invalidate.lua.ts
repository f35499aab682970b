/**
 * Gives each scope a new token, and sends a hint. The epoch is created with the first token, in the same hash: both are
 * lost together. ARGV: prefix, member, an epoch in case there is none, then each scope and its token. Reply: the epoch,
 * then each scope and its previous token or ''.
 */
export const INVALIDATE = `
local member = ARGV[2]
redis.call('HSETNX', versions, 'e', ARGV[3])
local epoch = redis.call('HGET', versions, 'e')
local reply = { epoch }
for index = 4, #ARGV, 2 do
  local scope, token = ARGV[index], ARGV[index + 1]
  local before = redis.call('HGET', versions, 's:' .. scope)
  redis.call('HSET', versions, 's:' .. scope, token)
  hint('"kind":"invalidated","member":' .. json(member) .. ',"epoch":' .. json(epoch) ..
    ',"scope":' .. json(scope) .. ',"token":' .. json(token))
  table.insert(reply, scope)
  table.insert(reply, before or '')
end
keep(versions)
return reply
`
