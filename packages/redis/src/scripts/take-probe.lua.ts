/**
 * Takes the lease of a probe that is due and free. ARGV: prefix, member, service, lease in ms, a token for the lease.
 * Reply: the token; else the circuit; or an empty list if the circuit is unknown.
 */
export const TAKE_PROBE = `
local service = ARGV[3]
local circuit = view(service)
if not circuit then return {} end
know(service)
local isDue = circuit[2] == 'open' and circuit[4] == '0'
if not isDue or circuit[5] ~= '' then return circuit end
redis.call('HSET', circuitKey(service), 'probeMember', ARGV[2], 'probeToken', ARGV[5], 'probeEndsAt', after(ARGV[4]))
return ARGV[5]
`
