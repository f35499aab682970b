/** Reads everything. ARGV: prefix. Reply: the fields of the versions and their values, and the circuits. */
export const READ = `
local circuits = {}
for _, service in ipairs(redis.call('SMEMBERS', services)) do
  local circuit = view(service)
  if circuit then table.insert(circuits, circuit) end
end
return { redis.call('HGETALL', versions), circuits }
`
