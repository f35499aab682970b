/**
 * Code that all scripts begin with. Every script is called with the same keys; `ARGV[1]` is the prefix of all keys of
 * the namespace. The keys of a circuit are built from the prefix: its hash tag puts them into the same slot.
 */
export const COMMON = `
local versions, members, alive, services = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local prefix = ARGV[1]
local KEEP_S = 604800 -- a namespace that nobody uses is forgotten after a week; in use, its keys are kept
local EVIDENCE_MS = 10000

-- the only clock there is
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function int(number) return string.format('%.0f', number) end
local function after(ms) return int(now + tonumber(ms)) end
local function circuitKey(service) return prefix .. 'circuit:' .. service end
local function evidenceKey(service) return prefix .. 'evidence:' .. service end

local function keep(key)
  if redis.call('TTL', key) < KEEP_S / 2 then redis.call('EXPIRE', key, KEEP_S) end
end

-- services are listed, so that no script has to search the keys
local function know(service)
  redis.call('SADD', services, service)
  keep(services)
end

-- false: nobody knows of it. Else: service, state, generation, remaining time, who probes or '', for how long
local function view(service)
  local key = circuitKey(service)
  local told = redis.call('HMGET', key, 'state', 'generation', 'probesAt', 'probeMember', 'probeEndsAt')
  if not told[1] or not told[2] then return false end
  keep(key)
  local remaining, prober, lease = 0, '', 0
  if told[1] == 'open' then remaining = math.max(0, (tonumber(told[3]) or 0) - now) end
  local endsAt = tonumber(told[5] or 0) or 0
  if told[4] and endsAt > now then prober, lease = told[4], endsAt - now end
  return { service, told[1], told[2], int(remaining), prober, int(lease) }
end

local function freeProbe(service)
  redis.call('HDEL', circuitKey(service), 'probeMember', 'probeToken', 'probeEndsAt')
end

local function hint(text) redis.call('PUBLISH', prefix .. 'hints', '{"v":1,' .. text .. '}') end
local function json(text) return cjson.encode(text) end

-- a change of state, and the hint of it, in the form of encodeHint
local function becomes(member, service, state, generation, recoveryMs)
  local key = circuitKey(service)
  redis.call('HSET', key, 'state', state, 'generation', generation, 'probesAt', after(recoveryMs))
  freeProbe(service)
  redis.call('DEL', evidenceKey(service))
  keep(key)
  know(service)
  local remaining = state == 'open' and int(tonumber(recoveryMs)) or '0'
  hint('"kind":"circuit","member":' .. json(member) .. ',"circuit":{"service":' .. json(service) ..
    ',"state":"' .. state .. '","generation":' .. json(generation) .. ',"remainingMs":' .. remaining .. '}')
end
`
