#!lua flags=allow-oom
-- settle.lua: runs of one incarnation end; each job goes where its outcome sends it.
--
-- KEYS[1]  running    ZSET  id, token
-- KEYS[2]  jobs       HASH  id -> envelope
-- KEYS[3]  runs       HASH  id -> run record
-- KEYS[4]  results    HASH  id -> result
-- KEYS[5]  errors     HASH  id/slot -> error entry, slots 0 … 9
-- KEYS[6]  asked      ZSET  id, token of the run that was asked to stop
-- KEYS[7]  succeeded  ZSET  id, time to forget, ms
-- KEYS[8]  dead       ZSET  id, time to forget, ms
-- KEYS[9]  cancelled  ZSET  id, time to forget, ms
-- KEYS[10] queued     ZSET  id, score; released jobs go to the front by a counter that falls from 2^48
-- KEYS[11] retrying   ZSET  id, due ms x 10 + priority
-- KEYS[12] suspect    ZSET  id, due ms x 10 + priority
-- KEYS[13] leases     ZSET  incarnation: a condemned lease goes with its last job
-- KEYS[14] claims     HASH  goes with the lease
-- KEYS[15] about      HASH  goes with the lease
-- KEYS[16] meta       HASH  front and the totals; format, limit_succeeded, watched are read
-- KEYS[17] wake       ZSET  one member: look here
-- KEYS[18] causes     HASH  id -> group/ms of death
-- KEYS[19] groups     ZSET  group/ms of death/id, 0
-- KEYS[20] events     STREAM what happens, while somebody watches
-- ARGV[1]  now_ms         '' = Redis' clock
-- ARGV[2]  format
-- ARGV[3]  incarnation
-- ARGV[4]  cancel_ttl_ms  how long cancelled jobs are kept; -1 = for ever
-- ARGV[5…10] how many of each group follow, in this order; each id once, at most 1,000 ids in all
-- ARGV[11…] the groups:
--   done       token ttl n id… result…                a run of n jobs; ttl in ms, 0 = forget now, -1 = for ever
--   retry      id token due priority record slot error   due as in enqueue; error '' = none
--   front      id token priority record slot error    record '' = leave it
--   suspect    id token due priority record slot error
--   dead       id token ttl record slot error group
--   cancelled  id token record slot error
--
-- Answers {'ok', now_ms, then for each item that was not simply settled: its position and 'asked' (it became cancelled) |
-- 'stale' (somebody else has it) | 'gone' (nobody runs it)}. Success wins over a cancellation that was asked.
-- The first settle with the right token wins; the same call again answers gone for each and changes nothing.
-- uses: tell causes

local m = redis.call('HMGET', meta, 'format', 'limit_succeeded', 'watched')
if is_foreign(m[1]) then return {'format', m[1]} end
heed(m[3])

-- Where the arguments of each other group are: how many, then the offsets of what these groups share.
local GROUPS = {
  {name = 'retry', width = 7, due = 2, priority = 3, record = 4},
  {name = 'front', width = 6, priority = 2, record = 3},
  {name = 'suspect', width = 7, due = 2, priority = 3, record = 4},
  {name = 'dead', width = 7, ttl = 2, record = 3},
  {name = 'cancelled', width = 5, record = 2},
}

local answer = {'ok', now}
local ended, ended_count, count = {}, 0, 0
local at = 11

local function refuse(position, held)
  answer[#answer + 1] = position
  answer[#answer + 1] = held and 'stale' or 'gone'
end

-- The runs of successes: probe and decide. Counted, because `#` searches: these lists grow with every job.
local done, done_count = {}, 0
for _ = 1, tonumber(ARGV[5]) do
  local token, ttl, n = ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2])
  local first = at + 3
  local held = redis.call('ZMSCORE', running, unpack(ARGV, first, first + n - 1))
  for k = 1, n do
    -- Most scores print as the token was written.
    if held[k] == token or held[k] and tonumber(held[k]) == tonumber(token) then
      local id = ARGV[first + k - 1]
      ended_count = ended_count + 1
      ended[ended_count] = id
      done[3 * done_count + 1] = id
      done[3 * done_count + 2] = ttl
      done[3 * done_count + 3] = first + n + k - 1
      done_count = done_count + 1
    else
      refuse(count + k, held[k])
    end
  end
  count = count + n
  at = first + 2 * n
end

-- The others.
local ids, places, groups = {}, {}, {}
for g, group in ipairs(GROUPS) do
  for _ = 1, tonumber(ARGV[5 + g]) do
    ids[#ids + 1], places[#places + 1], groups[#groups + 1] = ARGV[at], at, group
    at = at + group.width
  end
end
local held = #ids > 0 and redis.call('ZMSCORE', running, unpack(ids)) or {}
local is_any_asked = redis.call('EXISTS', asked) == 1
local stops = is_any_asked and #ids > 0 and redis.call('ZMSCORE', asked, unpack(ids)) or {}
local finished = {retry = {}, suspect = {}, dead = {}, cancelled = {}}
local fronts, records, entries, died, died_of = {}, {}, {}, {}, {}

local function note(group, place, id)
  local record, slot, entry = ARGV[place + group.record], ARGV[place + group.record + 1], ARGV[place + group.record + 2]
  if record ~= '' then
    records[#records + 1] = id
    records[#records + 1] = record
  end
  if entry ~= '' then
    entries[#entries + 1] = id .. '/' .. slot
    entries[#entries + 1] = entry
  end
end

local function forget_at(ttl)
  if ttl < 0 then return '+inf' end
  return text(now + ttl)
end

local function add(list, score, id)
  list[#list + 1] = score
  list[#list + 1] = id
end

local earliest_new = math.huge
for k, id in ipairs(ids) do
  local place, group = places[k], groups[k]
  local token = tonumber(ARGV[place + 1])
  if not held[k] or tonumber(held[k]) ~= token then
    refuse(count + k, held[k])
  else
    ended_count = ended_count + 1
    ended[ended_count] = id
    local name = group.name
    if stops[k] and tonumber(stops[k]) == token and name ~= 'cancelled' then
      answer[#answer + 1] = count + k
      answer[#answer + 1] = 'asked'
      name = 'cancelled'
    end
    note(group, place, id)
    if name == 'front' then
      fronts[#fronts + 1] = place
    elseif name == 'dead' then
      add(finished.dead, forget_at(tonumber(ARGV[place + 2])), id)
      died[#died + 1] = id
      died_of[#died_of + 1] = ARGV[place + 6]
    elseif name == 'cancelled' then
      add(finished.cancelled, forget_at(tonumber(ARGV[4])), id)
    else
      local due = tonumber(ARGV[place + 2])
      local score = (due == 0 and now or moment(due)) * 10 + ARGV[place + 3]
      if score < earliest_new then earliest_new = score end
      add(finished[name], text(score), id)
    end
  end
end

-- Writes.
local woken = false
local function total(name, by)
  if by > 0 then redis.call('HINCRBY', meta, name, by) end
end

if done_count > 0 then
  local room = (tonumber(m[2]) or 100000) - redis.call('ZCARD', succeeded)
  local kept, kept_results, kept_count, slim, forgotten = {}, {}, 0, {}, {}
  -- Most jobs of a call have the same ttl: one conversion serves all.
  local moments = {['0'] = 'none'}
  local function moment_to_forget(ttl)
    local number = tonumber(ttl)
    -- A record stays at least 15 s: it is what remembers the id of a plain job.
    local moment = number == 0 and 'none' or number > 0 and text(now + math.max(number, 15000)) or '+inf'
    moments[ttl] = moment
    return moment
  end
  for k = 1, 3 * done_count, 3 do
    local id, ttl = done[k], done[k + 1]
    local moment = moments[ttl] or moment_to_forget(ttl)
    if moment == 'none' then
      forgotten[#forgotten + 1] = id
    else
      if kept_count < room then
        kept_results[2 * kept_count + 1] = id
        kept_results[2 * kept_count + 2] = ARGV[done[k + 2]]
      else
        -- Above the limit: 15 s without envelope or result, so that memory is bounded.
        moment = moments['15000'] or moment_to_forget('15000')
        slim[#slim + 1] = id
      end
      kept[2 * kept_count + 1] = moment
      kept[2 * kept_count + 2] = id
      kept_count = kept_count + 1
    end
  end
  local function forget_history(list)
    if #list == 0 or redis.call('HLEN', runs) == 0 then return end
    local known = redis.call('HMGET', runs, unpack(list))
    for k, id in ipairs(list) do
      if known[k] then
        local slots = {}
        for slot = 0, 9 do slots[slot + 1] = id .. '/' .. slot end
        redis.call('HDEL', errors, unpack(slots))
        redis.call('HDEL', runs, id)
      end
    end
  end
  if #forgotten > 0 then
    forget_history(forgotten)
    redis.call('HDEL', jobs, unpack(forgotten))
  end
  if #slim > 0 then
    forget_history(slim)
    local blank = {}
    for k, id in ipairs(slim) do
      blank[2 * k - 1] = id
      blank[2 * k] = ''
    end
    redis.call('HSET', jobs, unpack(blank))
  end
  if kept_count > 0 then redis.call('ZADD', succeeded, unpack(kept)) end
  if #kept_results > 0 then redis.call('HSET', results, unpack(kept_results)) end
  total('succeeded', done_count)
end

if #records > 0 then redis.call('HSET', runs, unpack(records)) end
if #entries > 0 then redis.call('HSET', errors, unpack(entries)) end

if #fronts > 0 then
  local front = redis.call('HINCRBY', meta, 'front', -#fronts)
  local scores = {}
  for k, place in ipairs(fronts) do
    scores[2 * k - 1] = ARGV[place + 2] * 562949953421312 + 281474976710656 + front + k - 1
    scores[2 * k] = ARGV[place]
  end
  redis.call('ZADD', queued, unpack(scores))
  total('released', #fronts)
  woken = true
end

if #finished.retry > 0 then
  local first = redis.call('ZRANGE', retrying, 0, 0, 'WITHSCORES')[2]
  redis.call('ZADD', retrying, unpack(finished.retry))
  total('retried', #finished.retry / 2)
  woken = woken or not first or earliest_new < tonumber(first)
end
if #finished.suspect > 0 then
  redis.call('ZADD', suspect, unpack(finished.suspect))
  total('suspected', #finished.suspect / 2)
  woken = true
end
if #finished.dead > 0 then
  redis.call('ZADD', dead, unpack(finished.dead))
  enter_groups(died, died_of)
  total('dead', #finished.dead / 2)
end
if #finished.cancelled > 0 then
  redis.call('ZADD', cancelled, unpack(finished.cancelled))
  total('cancelled', #finished.cancelled / 2)
end
if woken then redis.call('ZADD', wake, 0, 'w') end
if is_watched then
  tell('succeeded', every(done, 1, 3), 'incarnation', ARGV[3])
  local released = {}
  for k, place in ipairs(fronts) do released[k] = ARGV[place] end
  tell('released', released, 'incarnation', ARGV[3])
  tell('retrying', every(finished.retry, 2, 2), 'incarnation', ARGV[3])
  tell('suspect', every(finished.suspect, 2, 2), 'incarnation', ARGV[3])
  tell('dead', died, 'incarnation', ARGV[3])
  tell('cancelled', every(finished.cancelled, 2, 2), 'incarnation', ARGV[3])
end

if ended_count > 0 then
  if is_any_asked then redis.call('ZREM', asked, unpack(ended)) end
  redis.call('ZREM', running, unpack(ended))
end

-- A condemned lease goes with its last job.
local incarnation = ARGV[3]
local lease = redis.call('ZSCORE', leases, incarnation)
if lease and tonumber(lease) < 0 then
  local low, high = tokens(tonumber(incarnation))
  if redis.call('ZCOUNT', running, low, high) == 0 then
    redis.call('ZREM', leases, incarnation)
    redis.call('HDEL', claims, incarnation)
    redis.call('HDEL', about, incarnation)
  end
end
return answer
