#!lua
-- edit.lua: a person gives one job that waits another envelope, priority or time, or repairs the envelope of a dead or
-- cancelled one.
--
-- KEYS[1]  queued     ZSET  id, priority x 2^49 + 2^48 + sequence
-- KEYS[2]  scheduled  ZSET  id, due ms x 10 + priority
-- KEYS[3]  retrying   ZSET  id, due ms x 10 + priority
-- KEYS[4]  blocked    ZSET  id, created ms x 10 + priority
-- KEYS[5]  suspect    ZSET  id, due ms x 10 + priority
-- KEYS[6]  running    ZSET  read: id, token
-- KEYS[7]  succeeded  ZSET  read
-- KEYS[8]  dead       ZSET  read
-- KEYS[9]  cancelled  ZSET  read
-- KEYS[10] jobs       HASH  id -> envelope
-- KEYS[11] runs       HASH  read: part of the version
-- KEYS[12] meta       HASH  sequence; format, watched are read
-- KEYS[13] wake       ZSET  one member: look here
-- KEYS[14] events     STREAM what happens, while somebody watches
-- ARGV[1]  now_ms     '' = Redis' clock
-- ARGV[2]  format
-- ARGV[3]  id
-- ARGV[4]  version    that was read
-- ARGV[5]  envelope
-- ARGV[6]  priority   0-9
-- ARGV[7]  due        '' = as it is; else as in enqueue. A suspect stays one; blocked, dead and cancelled jobs have no due
--
-- Answers {'ok', now_ms, 'ok' | 'changed' (read it again) | 'running' | 'succeeded' | 'gone'}.
-- The same call again answers 'changed', because it did change the job, and changes nothing.
-- uses: find tell

local m = redis.call('HMGET', meta, 'format', 'watched')
if is_foreign(m[1]) then return {'format', m[1]} end
heed(m[2])
local id, priority = ARGV[3], tonumber(ARGV[6])

-- Probe and decide.
local index, score = find(id)
if not index then return {'ok', now, 'gone'} end
if index == running or index == succeeded then return {'ok', now, STATES[index]} end
if version(id, index, score) ~= ARGV[4] then return {'ok', now, 'changed'} end
score = tonumber(score)
local due = ARGV[7] ~= '' and tonumber(ARGV[7])
if due then due = due == 0 and now or moment(due) end

-- Write.
redis.call('HSET', jobs, id, ARGV[5])

-- To where it waits for its time; whoever waits for the earliest of these is told of an earlier one.
local function wait(place, at)
  local first = redis.call('ZRANGE', place, 0, 0, 'WITHSCORES')[2]
  local new = at * 10 + priority
  redis.call('ZADD', place, text(new), id)
  if not first or new < tonumber(first) then redis.call('ZADD', wake, 0, 'w') end
end

local target = index
if index == queued and due and due > now then
  target = scheduled
  wait(scheduled, due)
  redis.call('ZREM', queued, id)
elseif index == queued then
  -- Its place among those of its priority stays.
  local place = score % 562949953421312
  redis.call('ZADD', queued, text(priority * 562949953421312 + place), id)
elseif (index == scheduled or index == retrying) and due and due <= now then
  target = queued
  local sequence = redis.call('HINCRBY', meta, 'sequence', 1)
  redis.call('ZADD', queued, text(priority * 562949953421312 + 281474976710656 + sequence), id)
  redis.call('ZREM', index, id)
  redis.call('ZADD', wake, 0, 'w')
elseif index == scheduled or index == retrying or index == suspect then
  wait(index, due or math.floor(score / 10))
elseif index == blocked then
  redis.call('ZADD', blocked, text(math.floor(score / 10) * 10 + priority), id)
end
tell('edited', {id}, 'state', STATES[target])
return {'ok', now, 'ok'}
