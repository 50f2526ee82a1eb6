#!lua
-- requeue.lua: a person gives dead or cancelled jobs another life, at the back of the queue.
--
-- KEYS[1]  dead       ZSET  id, time to forget, ms
-- KEYS[2]  cancelled  ZSET  id, time to forget, ms
-- KEYS[3]  queued     ZSET  id, priority x 2^49 + 2^48 + sequence
-- KEYS[4]  scheduled  ZSET  read: is the queue full?
-- KEYS[5]  retrying   ZSET  read
-- KEYS[6]  runs       HASH  id -> run record
-- KEYS[7]  meta       HASH  sequence, requeued; limits and watched are read
-- KEYS[8]  wake       ZSET  one member: look here
-- KEYS[9]  jobs       HASH  id -> envelope
-- KEYS[10] causes     HASH  id -> group/ms of death
-- KEYS[11] groups     ZSET  group/ms of death/id, 0
-- KEYS[12] events     STREAM what happens, while somebody watches
-- ARGV[1]  now_ms     '' = Redis' clock
-- ARGV[2]  format
-- ARGV[3…] six for each job: id, priority 0-9, the run record that was read ('' = none), the new one; SHA-1 of the envelope that
--          was read, the new envelope ('' and '' = as it is)
--
-- Answers {'ok', now_ms, a word for each job: 'ok' | 'gone' (not dead or cancelled) | 'changed' (read it again) | 'full'}.
-- The same call again answers 'gone' for each and changes nothing.
-- uses: tell causes

local m = redis.call('HMGET', meta, 'format', 'limit_waiting', 'watched')
if is_foreign(m[1]) then return {'format', m[1]} end
heed(m[3])
local room = math.huge
if m[2] then
  room = tonumber(m[2]) - redis.call('ZCARD', queued) - redis.call('ZCARD', scheduled)
    - redis.call('ZCARD', retrying)
end

local function requeue(at)
  local id = ARGV[at]
  local index = redis.call('ZSCORE', dead, id) and dead or redis.call('ZSCORE', cancelled, id) and cancelled
  if not index then return 'gone' end
  if (redis.call('HGET', runs, id) or '') ~= ARGV[at + 2] then return 'changed' end
  local envelope = ARGV[at + 5]
  if envelope ~= '' and redis.sha1hex(redis.call('HGET', jobs, id) or '') ~= ARGV[at + 4] then return 'changed' end
  if room < 1 then return 'full' end
  room = room - 1
  local sequence = redis.call('HINCRBY', meta, 'sequence', 1)
  redis.call('ZADD', queued, ARGV[at + 1] * 562949953421312 + 281474976710656 + sequence, id)
  redis.call('HSET', runs, id, ARGV[at + 3])
  if envelope ~= '' then redis.call('HSET', jobs, id, envelope) end
  redis.call('HINCRBY', meta, 'requeued', 1)
  if index == dead then leave_groups({id}) end
  redis.call('ZREM', index, id)
  return 'ok'
end

local answer, moved = {'ok', now}, {}
for at = 3, #ARGV, 6 do
  local word = requeue(at)
  if word == 'ok' then moved[#moved + 1] = ARGV[at] end
  answer[#answer + 1] = word
end
if #moved > 0 then redis.call('ZADD', wake, 0, 'w') end
tell('requeued', moved)
return answer
