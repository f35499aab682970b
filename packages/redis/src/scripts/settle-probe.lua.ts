/**
 * Ends a lease with the result of the probe. ARGV: prefix, service, token, `succeeded`, `failed` or `unused`, recovery time
 * in ms, a generation in case the state changes. Reply: 1, or 0 if the lease belongs to another member.
 */
export const SETTLE_PROBE = `
local service, result = ARGV[2], ARGV[4]
local lease = redis.call('HMGET', circuitKey(service), 'probeToken', 'probeMember')
if lease[1] ~= ARGV[3] then return 0 end
freeProbe(service)
if result == 'succeeded' then becomes(lease[2] or '', service, 'closed', ARGV[6], 0) end
if result == 'failed' then becomes(lease[2] or '', service, 'open', ARGV[6], ARGV[5]) end
return 1
`
