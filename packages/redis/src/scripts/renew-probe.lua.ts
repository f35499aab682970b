/**
 * Extends a lease. ARGV: prefix, service, token, lease in ms. Reply: 1, or 0 if the lease belongs to another member.
 */
export const RENEW_PROBE = `
local key = circuitKey(ARGV[2])
if redis.call('HGET', key, 'probeToken') ~= ARGV[3] then return 0 end
redis.call('HSET', key, 'probeEndsAt', after(ARGV[4]))
return 1
`
