/**
 * Records evidence, and opens the circuits for which it suffices. ARGV: prefix, member, then for each service its name,
 * failures, threshold, recovery time in ms, and a generation in case it opens. Reply: the reported circuits that are
 * known.
 */
export const REPORT = `
local member = ARGV[2]

local function suffices(service, threshold)
  local live = redis.call('ZCOUNT', alive, '(' .. int(now), '+inf')
  local quorum = live <= 1 and 1 or math.max(2, math.ceil(live * 3 / 10))
  local reporting, sum = 0, 0
  local told = redis.call('HGETALL', evidenceKey(service))
  for index = 1, #told, 2 do
    local failures, at, more = string.match(told[index + 1], '^(%d+):(%d+)(.*)$')
    -- what a later version adds stands after another colon
    if failures and (more == '' or string.sub(more, 1, 1) == ':') and now - tonumber(at) < EVIDENCE_MS then
      reporting = reporting + 1
      sum = sum + tonumber(failures)
    else
      redis.call('HDEL', evidenceKey(service), told[index])
    end
  end
  return reporting >= quorum and sum >= math.max(threshold, quorum == 1 and 1 or 2 * quorum)
end

local reply = {}
for index = 3, #ARGV, 5 do
  local service, failures, threshold = ARGV[index], tonumber(ARGV[index + 1]), tonumber(ARGV[index + 2])
  local evidence = evidenceKey(service)
  if failures > 0 then
    redis.call('HSET', evidence, member, int(failures) .. ':' .. int(now))
    -- what is in it is forgotten by then in any case
    redis.call('PEXPIRE', evidence, EVIDENCE_MS * 2)
  else
    redis.call('HDEL', evidence, member)
  end
  know(service)
  if redis.call('HGET', circuitKey(service), 'state') ~= 'open' and suffices(service, threshold) then
    becomes(member, service, 'open', ARGV[index + 4], ARGV[index + 3])
  end
  local circuit = view(service)
  if circuit then table.insert(reply, circuit) end
end
return reply
`
