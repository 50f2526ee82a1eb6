#!lua flags=allow-oom
-- prune.lua: what has been kept long enough is forgotten, a slice at a time.
--
-- KEYS[1]  succeeded   ZSET  id, time to forget, ms
-- KEYS[2]  dead        ZSET  id, time to forget, ms
-- KEYS[3]  cancelled   ZSET  id, time to forget, ms
-- KEYS[4]  jobs        HASH  id -> envelope
-- KEYS[5]  runs        HASH  id -> run record
-- KEYS[6]  errors      HASH  id/slot -> error entry, slots 0 … 9
-- KEYS[7]  results     HASH  id -> result
-- KEYS[8]  idem        HASH  id -> digest
-- KEYS[9]  idem-until  ZSET  id, remembered until, ms
-- KEYS[10] meta        HASH  tick, calm, guard, grace; forgotten, the total
-- KEYS[11] leases      ZSET  a step back of the clock pulls deadlines in
-- KEYS[12] causes      HASH  id -> group/ms of death
-- KEYS[13] groups      ZSET  group/ms of death/id, 0
-- KEYS[14] events      STREAM what happens, while somebody watches
-- ARGV[1]  now_ms      '' = Redis' clock
-- ARGV[2]  format
-- ARGV[3]  limit       ids at most of each index, 1 … 500
--
-- Answers {'ok', now_ms, forgotten, more 0 | 1}. After a gap or step in time, what was due before it is left alone until
-- ten regular minutes have passed: a clock that wakes in the year 2040 wipes nothing.
-- uses: clock tell causes

local m = redis.call('HMGET', meta, 'format', 'watched')
if is_foreign(m[1]) then return {'format', m[1]} end
heed(m[2])
check_clock(meta, leases)
m = redis.call('HMGET', meta, 'guard', 'calm')
local from = '-inf'
if m[1] and (tonumber(m[2]) or 0) < CALM_ENOUGH then from = text(tonumber(m[1]) + 1) end
local limit = tonumber(ARGV[3])
local full = false

local function due(index)
  local ids = redis.call('ZRANGE', index, from, text(now), 'BYSCORE', 'LIMIT', 0, limit)
  full = full or #ids == limit
  return ids
end

local function forget(ids)
  local known = redis.call('HMGET', runs, unpack(ids))
  for k, id in ipairs(ids) do
    if known[k] then
      local slots = {}
      for slot = 0, 9 do slots[slot + 1] = id .. '/' .. slot end
      redis.call('HDEL', errors, unpack(slots))
    end
  end
  redis.call('HDEL', jobs, unpack(ids))
  redis.call('HDEL', runs, unpack(ids))
  redis.call('HDEL', results, unpack(ids))
end

local forgotten = 0
for _, index in ipairs({succeeded, dead, cancelled}) do
  local ids = due(index)
  if #ids > 0 then
    forget(ids)
    if index == dead then leave_groups(ids) end
    redis.call('ZREM', index, unpack(ids))
    redis.call('HINCRBY', meta, 'forgotten', #ids)
    forgotten = forgotten + #ids
    tell('forgotten', ids)
  end
end

-- A remembered id stays for as long as its job or record does.
local ids = due(idem_until)
if #ids > 0 then
  local known = redis.call('HMGET', jobs, unpack(ids))
  local over, later = {}, {}
  for k, id in ipairs(ids) do
    if known[k] then
      later[#later + 1] = text(now + 60000)
      later[#later + 1] = id
    else
      over[#over + 1] = id
    end
  end
  if #later > 0 then redis.call('ZADD', idem_until, unpack(later)) end
  if #over > 0 then
    redis.call('ZREM', idem_until, unpack(over))
    redis.call('HDEL', idem, unpack(over))
  end
end
return {'ok', now, forgotten, full and 1 or 0}
