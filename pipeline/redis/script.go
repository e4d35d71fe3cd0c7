package redis

// Scripts. Each touches the keys of one stream, and so one slot; each is short, so
// that it is sent whole and Redis may forget it at any time.

// beatScript makes what a stream needs when it is missing, notes a heartbeat, and
// tells how the stream stands.
//
//	KEYS  stream, incarnation, heartbeats
//	ARGV  group, a new incarnation, consumer or "", its heartbeat
//	→     incarnation, length, pending, lag or -1, then of each consumer name, pending, heartbeat
const beatScript = `
local inc = redis.call('GET', KEYS[2])
if not inc then
  inc = ARGV[2]
  redis.call('SET', KEYS[2], inc)
end
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('XGROUP', 'CREATE', KEYS[1], ARGV[1], '0', 'MKSTREAM')
end
if ARGV[3] ~= '' then
  redis.call('HSET', KEYS[3], ARGV[3], ARGV[4])
end
local group
for try = 1, 2 do
  for _, g in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
    local m = {}
    for i = 1, #g, 2 do m[g[i]] = g[i+1] end
    if m['name'] == ARGV[1] then group = m end
  end
  if group then break end
  redis.call('XGROUP', 'CREATE', KEYS[1], ARGV[1], '0')
end
local out = {inc, redis.call('XLEN', KEYS[1]), group['pending']}
for _, c in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local m = {}
  for i = 1, #c, 2 do m[c[i]] = c[i+1] end
  out[#out+1] = m['name']
  out[#out+1] = m['pending']
  out[#out+1] = redis.call('HGET', KEYS[3], m['name']) or ''
end
return out`

// claimScript takes entries over from a consumer whose heartbeat still is what the
// caller saw, and removes the consumer when it has none. Entries that somebody
// deleted while they were pending are taken off.
//
//	KEYS  stream, heartbeats
//	ARGV  group, new consumer, old consumer, its heartbeat, how many
//	→     entries, each of id, fields and how often it was handed out before, or false
//	      when nothing is left of the old consumer
const claimScript = `
if (redis.call('HGET', KEYS[2], ARGV[3]) or '') ~= ARGV[4] then return false end
local pending = redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', ARGV[5], ARGV[3])
if #pending == 0 then
  redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[3])
  redis.call('HDEL', KEYS[2], ARGV[3])
  return false
end
local claim, times = {'XCLAIM', KEYS[1], ARGV[1], ARGV[2], '0'}, {}
for _, p in ipairs(pending) do
  claim[#claim+1] = p[1]
  times[p[1]] = p[4]
end
local out, there = {}, {}
for _, e in ipairs(redis.call(unpack(claim))) do
  if e then
    out[#out+1] = {e[1], e[2], times[e[1]]}
    there[e[1]] = true
  end
end
for _, p in ipairs(pending) do
  if not there[p[1]] then redis.call('XACK', KEYS[1], ARGV[1], p[1]) end
end
return out`

// ackScript takes entries off, from the group and from the stream at once.
//
//	KEYS  stream, attempts
//	ARGV  group, number of entries, entries…, ids of deliveries that were worked alone…
const ackScript = `
local n = tonumber(ARGV[2])
local ack, del, alone = {'XACK', KEYS[1], ARGV[1]}, {'XDEL', KEYS[1]}, {'HDEL', KEYS[2]}
for i = 3, n+2 do
  ack[#ack+1] = ARGV[i]
  del[#del+1] = ARGV[i]
end
for i = n+3, #ARGV do alone[#alone+1] = ARGV[i] end
if n > 0 then
  redis.pcall(unpack(ack))
  redis.call(unpack(del))
end
if #alone > 2 then redis.call(unpack(alone)) end
return n`

// lostScript tells which entries are neither undelivered nor pending.
//
//	KEYS  stream, incarnation
//	ARGV  group, entries…
//	→     incarnation or "", then the places in ARGV of what is lost, from 1 for the first entry
const lostScript = `
local out = {redis.call('GET', KEYS[2]) or ''}
local function parts(id)
  local ms, seq = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(ms), tonumber(seq)
end
local ms, seq = -1, -1
local groups = redis.pcall('XINFO', 'GROUPS', KEYS[1])
if not groups['err'] then
  for _, g in ipairs(groups) do
    local m = {}
    for i = 1, #g, 2 do m[g[i]] = g[i+1] end
    if m['name'] == ARGV[1] then ms, seq = parts(m['last-delivered-id']) end
  end
end
for i = 2, #ARGV do
  local id = ARGV[i]
  if #redis.call('XRANGE', KEYS[1], id, id) == 0 then
    out[#out+1] = i-1
  else
    local a, b = parts(id)
    if (a < ms or a == ms and b <= seq) and #redis.call('XPENDING', KEYS[1], ARGV[1], id, id, 1) == 0 then
      out[#out+1] = i-1
    end
  end
end
return out`

// leaveScript removes a consumer that holds nothing, and says of one that holds
// something that it handed it back.
//
//	KEYS  stream, heartbeats
//	ARGV  group, consumer, the farewell
const leaveScript = `
local pending = redis.pcall('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2])
if pending['err'] then return 0 end
if #pending > 0 then
  redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
  return 1
end
redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
redis.call('HDEL', KEYS[2], ARGV[2])
return 0`

// levelScript counts events of a client of a rate limit on all nodes together.
//
//	KEYS  the client's level
//	ARGV  events, how many drain in a second
//	→     the level, as text
const levelScript = `
local t = redis.call('TIME')
local now = t[1] + t[2]/1000000
local old = redis.call('HMGET', KEYS[1], 'level', 'at')
local rate = tonumber(ARGV[2])
local level = math.max(0, tonumber(old[1] or '0') - math.max(0, now - tonumber(old[2] or now)) * rate) + tonumber(ARGV[1])
redis.call('HSET', KEYS[1], 'level', tostring(level), 'at', string.format('%.6f', now))
redis.call('EXPIRE', KEYS[1], math.ceil(level/rate) + 1)
return tostring(level)`

// presentScript notes who is present at a topic, or takes them off, and returns all
// who are.
//
//	KEYS  the topic's list
//	ARGV  seconds that a note holds, number of those who are here, they…, those who are gone…
const presentScript = `
local t = redis.call('TIME')
local now = t[1] + t[2]/1000000
local n = tonumber(ARGV[2])
for i = 3, n+2 do redis.call('ZADD', KEYS[1], string.format('%.3f', now + ARGV[1]), ARGV[i]) end
for i = n+3, #ARGV do redis.call('ZREM', KEYS[1], ARGV[i]) end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('(%.3f', now))
redis.call('EXPIRE', KEYS[1], math.ceil(ARGV[1]) + 1)
return redis.call('ZRANGE', KEYS[1], 0, -1)`
