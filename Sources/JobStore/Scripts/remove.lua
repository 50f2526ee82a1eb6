#!lua flags=allow-oom
-- remove.lua: jobs that do not run are deleted with all that is known of them, but for ids that are to be remembered.
--
-- KEYS[1]  queued     ZSET  id, priority x 2^49 + 2^48 + sequence
-- KEYS[2]  scheduled  ZSET  id, due ms x 10 + priority
-- KEYS[3]  retrying   ZSET  id, due ms x 10 + priority
-- KEYS[4]  blocked    ZSET  id, created ms x 10 + priority
-- KEYS[5]  suspect    ZSET  id, due ms x 10 + priority
-- KEYS[6]  running    ZSET  read: id, token
-- KEYS[7]  succeeded  ZSET  id, time to forget, ms
-- KEYS[8]  dead       ZSET  id, time to forget, ms
-- KEYS[9]  cancelled  ZSET  id, time to forget, ms
-- KEYS[10] jobs       HASH  id -> envelope
-- KEYS[11] runs       HASH  id -> run record
-- KEYS[12] errors     HASH  id/slot -> error entry, slots 0 … 9
-- KEYS[13] results    HASH  id -> result
-- KEYS[14] asked      ZSET  id, token of the run that was asked to stop
-- KEYS[15] causes     HASH  id -> group/ms of death
-- KEYS[16] groups     ZSET  group/ms of death/id, 0
-- KEYS[17] meta       HASH  the totals: removed, of jobs that had not ended; forgotten, of those that had
-- KEYS[18] events     STREAM what happens, while somebody watches
-- ARGV[1]  now_ms     '' = Redis' clock
-- ARGV[2]  format
-- ARGV[3]  state      only jobs in it; '' = in any
-- ARGV[4…] two for each job, at most 1,000: id, the version that was read ('' = whatever it is)
--
-- Answers {'ok', now_ms, a word for each job: 'ok' | 'running' | 'gone' | 'changed' (another state or version)}.
-- The same call again answers 'gone' for each that was deleted and changes nothing.
-- uses: find tell causes

local m = redis.call('HMGET', meta, 'format', 'watched')
if is_foreign(m[1]) then return {'format', m[1]} end
heed(m[2])

-- Probe and decide.
local answer, ids, seen, live = {'ok', now}, {}, {}, 0
local function decide(id, wanted)
  local index, score = find(id)
  if not index or seen[id] then return 'gone' end
  if ARGV[3] ~= '' and STATES[index] ~= ARGV[3] then return 'changed' end
  if index == running then return 'running' end
  if wanted ~= '' and version(id, index, score) ~= wanted then return 'changed' end
  seen[id] = true
  ids[#ids + 1] = id
  if index ~= succeeded and index ~= dead and index ~= cancelled then live = live + 1 end
  return 'ok'
end
for at = 4, #ARGV, 2 do
  answer[#answer + 1] = decide(ARGV[at], ARGV[at + 1])
end
if #ids == 0 then return answer end

-- Write. The index last: what a torn log leaves can be deleted again.
local known = redis.call('HMGET', runs, unpack(ids))
for k, id in ipairs(ids) do
  if known[k] then
    local slots = {}
    for slot = 0, 9 do slots[slot + 1] = id .. '/' .. slot end
    redis.call('HDEL', errors, unpack(slots))
  end
end
leave_groups(ids)
redis.call('HDEL', jobs, unpack(ids))
redis.call('HDEL', runs, unpack(ids))
redis.call('HDEL', results, unpack(ids))
redis.call('ZREM', asked, unpack(ids))
for _, index in ipairs({queued, scheduled, retrying, blocked, suspect, succeeded, dead, cancelled}) do
  redis.call('ZREM', index, unpack(ids))
end
if live > 0 then redis.call('HINCRBY', meta, 'removed', live) end
if #ids > live then redis.call('HINCRBY', meta, 'forgotten', #ids - live) end
tell('deleted', ids)
return answer
