#!lua flags=allow-oom
-- promote.lua: what is due, scheduled or retrying, becomes queued, in the order it was due.
--
-- KEYS[1]  scheduled  ZSET  id, due ms x 10 + priority
-- KEYS[2]  retrying   ZSET  id, due ms x 10 + priority
-- KEYS[3]  queued     ZSET  id, priority x 2^49 + 2^48 + sequence
-- KEYS[4]  meta       HASH  sequence; tick, calm, guard, grace
-- KEYS[5]  wake       ZSET  one member: look here
-- KEYS[6]  leases     ZSET  a step back of the clock pulls deadlines in
-- KEYS[7]  running    ZSET  read
-- KEYS[8]  succeeded  ZSET  read
-- KEYS[9]  dead       ZSET  read
-- KEYS[10] cancelled  ZSET  read
-- KEYS[11] events     STREAM what happens, while somebody watches
-- ARGV[1]  now_ms     '' = Redis' clock
-- ARGV[2]  format
-- ARGV[3]  limit      jobs at most, 1 … 1,000
--
-- Answers {'ok', now_ms, taken, next due ms | -1}. Right after a gap or step in time nothing moves: call again.
-- uses: clock tell

local m = redis.call('HMGET', meta, 'format', 'watched')
if is_foreign(m[1]) then return {'format', m[1]} end
heed(m[2])

local function next_due()
  local a = redis.call('ZRANGE', scheduled, 0, 0, 'WITHSCORES')[2]
  local b = redis.call('ZRANGE', retrying, 0, 0, 'WITHSCORES')[2]
  local due = math.min(tonumber(a or math.huge), tonumber(b or math.huge))
  return due < math.huge and math.floor(due / 10) or -1
end

if check_clock(meta, leases) ~= 'regular' then return {'ok', now, 0, next_due()} end

local limit = tonumber(ARGV[3])
local found = {}
for _, index in ipairs({scheduled, retrying}) do
  local due = redis.call('ZRANGE', index, '-inf', text(now * 10 + 9), 'BYSCORE', 'LIMIT', 0, limit, 'WITHSCORES')
  for k = 1, #due, 2 do
    found[#found + 1] = {id = due[k], score = tonumber(due[k + 1]), index = index, place = #found}
  end
end
table.sort(found, function(a, b)
  local at, bt = math.floor(a.score / 10), math.floor(b.score / 10)
  if at ~= bt then return at < bt end
  return a.place < b.place
end)

local taken = math.min(#found, limit)
if taken == 0 then return {'ok', now, 0, next_due()} end

-- A job that a torn log left here was moved before, and may have run since: it is only taken off.
local ids = {}
for k = 1, taken do ids[k] = found[k].id end
local places = {}
for _, index in ipairs({running, succeeded, dead, cancelled}) do
  if redis.call('EXISTS', index) == 1 then places[#places + 1] = redis.call('ZMSCORE', index, unpack(ids)) end
end
local function is_past(k)
  for _, scores in ipairs(places) do
    if scores[k] then return true end
  end
  return false
end

local moved, gone = {}, {[scheduled] = {}, [retrying] = {}}
for k = 1, taken do
  local job = found[k]
  gone[job.index][#gone[job.index] + 1] = job.id
  if not is_past(k) then moved[#moved + 1] = job end
end
if #moved > 0 then
  local sequence = redis.call('HINCRBY', meta, 'sequence', #moved) - #moved
  local scores = {}
  for k, job in ipairs(moved) do
    scores[2 * k - 1] = text((job.score % 10) * 562949953421312 + 281474976710656 + sequence + k)
    scores[2 * k] = job.id
  end
  redis.call('ZADD', queued, unpack(scores))
  redis.call('ZADD', wake, 0, 'w')
  tell('promoted', every(scores, 2, 2))
end
for index, ids in pairs(gone) do
  if #ids > 0 then redis.call('ZREM', index, unpack(ids)) end
end
return {'ok', now, taken, next_due()}
