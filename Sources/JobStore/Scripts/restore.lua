#!lua
-- restore.lua: dead jobs that were exported come back as they were; one that is there already stays as it is.
--
-- KEYS[1]  jobs    HASH  id -> envelope
-- KEYS[2]  runs    HASH  id -> run record
-- KEYS[3]  errors  HASH  id/slot -> error entry
-- KEYS[4]  dead    ZSET  id, time to forget, ms
-- KEYS[5]  causes  HASH  id -> group/ms of death
-- KEYS[6]  groups  ZSET  group/ms of death/id, 0
-- KEYS[7]  meta    HASH  format, born
-- KEYS[8]  events  STREAM what happens, while somebody watches
-- ARGV[1]  now_ms  '' = Redis' clock
-- ARGV[2]  format
-- ARGV[3]  ttl_ms  how long a job is kept whose time to forget has passed
-- ARGV[4]  count   jobs, at most 200
-- ARGV[5…] for each job: id, envelope, time to forget ms (-1 = never), time of death ms, run record ('' = none), group, how many
--          errors follow, and for each its slot and entry
--
-- Answers {'ok', now_ms, a word for each job: 'ok' | 'dup' (there is a job of this id) | 'invalid' (id)}. The same call again
-- answers 'dup' for each that was taken in and changes nothing. An id that is only remembered is no hindrance: it is the job's own,
-- from before it was deleted. The totals stay: nothing came in, and nothing died now.
-- uses: tell causes

local m = redis.call('HMGET', meta, 'format', 'watched')
if is_foreign(m[1]) then return {'format', m[1]} end
heed(m[2])
local ttl, count = tonumber(ARGV[3]), tonumber(ARGV[4])

local function add(list, a, b)
  list[#list + 1] = a
  list[#list + 1] = b
end

-- Probe and decide.
local answer, at, seen = {'ok', now}, 5, {}
local ids, stored, records, entries, scores, names, moments = {}, {}, {}, {}, {}, {}, {}
for _ = 1, count do
  local id, errors_count = ARGV[at], tonumber(ARGV[at + 6])
  local word = 'ok'
  if #id > 64 or not string.find(id, '^[%w%._:%-]+$') then
    word = 'invalid'
  elseif seen[id] or redis.call('HEXISTS', jobs, id) == 1 then
    word = 'dup'
  else
    seen[id] = true
    ids[#ids + 1] = id
    add(stored, id, ARGV[at + 1])
    local forget = tonumber(ARGV[at + 2])
    local score = forget < 0 and '+inf' or text(forget > now and forget or now + ttl)
    add(scores, score, id)
    moments[#moments + 1] = tonumber(ARGV[at + 3])
    if ARGV[at + 4] ~= '' then add(records, id, ARGV[at + 4]) end
    names[#names + 1] = ARGV[at + 5]
    for k = at + 7, at + 5 + 2 * errors_count, 2 do
      add(entries, id .. '/' .. ARGV[k], ARGV[k + 1])
    end
  end
  answer[#answer + 1] = word
  at = at + 7 + 2 * errors_count
end
if #ids == 0 then return answer end

-- Write.
if not m[1] then
  redis.call('HSET', meta, 'format', ARGV[2])
  redis.call('HSETNX', meta, 'born', text(now_us))
end
redis.call('HSET', jobs, unpack(stored))
if #records > 0 then redis.call('HSET', runs, unpack(records)) end
if #entries > 0 then redis.call('HSET', errors, unpack(entries)) end
redis.call('ZADD', dead, unpack(scores))
enter_groups(ids, names, moments)
tell('restored', ids)
return answer
