#!lua
-- intake.lua: entries of the inbox stream become jobs, bad ones dead letters; each leaves the stream in the same step.
--
-- KEYS[1]  jobs        HASH  id -> envelope
-- KEYS[2]  idem        HASH  id -> digest of name and payload
-- KEYS[3]  idem-until  ZSET  id, remembered until, ms
-- KEYS[4]  queued      ZSET  id, priority x 2^49 + 2^48 + sequence
-- KEYS[5]  scheduled   ZSET  id, due ms x 10 + priority
-- KEYS[6]  retrying    ZSET  read: state of a known id
-- KEYS[7]  blocked     ZSET  read
-- KEYS[8]  suspect     ZSET  read
-- KEYS[9]  running     ZSET  read
-- KEYS[10] succeeded   ZSET  read
-- KEYS[11] dead        ZSET  id, time to forget, ms
-- KEYS[12] cancelled   ZSET  read
-- KEYS[13] meta        HASH  as in enqueue; dead, the total
-- KEYS[14] wake        ZSET  one member: look here
-- KEYS[15] inbox       STREAM entries with the field job
-- KEYS[16] runs        HASH  id -> run record
-- KEYS[17] errors      HASH  id/slot -> error entry
-- KEYS[18] causes      HASH  id -> group/ms of death
-- KEYS[19] groups      ZSET  group/ms of death/id, 0
-- KEYS[20] rates       ZSET  ms and the totals as they were then, ms
-- KEYS[21] events      STREAM what happens, while somebody watches
-- ARGV[1]  now_ms      '' = Redis' clock
-- ARGV[2]  format
-- ARGV[3]  good        how many jobs follow
-- ARGV[4]  bad         how many bad entries follow those
-- ARGV[5…] seven for each job: entry, then six as in enqueue
--          then seven for each bad entry: entry, id, raw envelope, ttl_ms, run record, error entry, group
--
-- Answers {'ok', now_ms, then for each good one that was not taken in: its position and a word as in enqueue, or 'gone'
-- when somebody else took the entry}. Entries answered 'full', 'conflict …' or 'invalid' stay in the stream. A bad entry
-- always leaves it: when its id is taken, the time is added to it.
-- uses: sample tell admit causes

local m = redis.call('HMGET', meta, 'format', 'watched')
if is_foreign(m[1]) then return {'format', m[1]} end
heed(m[2])
local good, bad = tonumber(ARGV[3]), tonumber(ARGV[4])

local function is_there(entry)
  return #redis.call('XRANGE', inbox, entry, entry, 'COUNT', 1) > 0
end

local skip = {}
for k = 1, good do
  skip[k] = not is_there(ARGV[5 + (k - 1) * 7])
end
local words = admit(ARGV, 6, 7, good, skip)
for k = 1, good do
  local word = words[k]
  if skip[k] then
    words[k] = 'gone'
  elseif not word or string.sub(word, 1, 3) == 'dup' then
    redis.call('XDEL', inbox, ARGV[5 + (k - 1) * 7])
  end
end
local spoiled = {}
for k = 1, bad do
  local at = 5 + good * 7 + (k - 1) * 7
  if is_there(ARGV[at]) then
    begin(unpack(redis.call('HMGET', meta, 'format', 'sampled')))
    local id, ttl = ARGV[at + 1], tonumber(ARGV[at + 3])
    -- Looked at now, because a good one may have brought the same id.
    if redis.call('HEXISTS', jobs, id) == 1 then id = id .. ':' .. text(now_us) end
    redis.call('XDEL', inbox, ARGV[at])
    redis.call('HSET', jobs, id, ARGV[at + 2])
    redis.call('ZADD', dead, ttl < 0 and '+inf' or text(now + ttl), id)
    redis.call('HSET', runs, id, ARGV[at + 4])
    redis.call('HSET', errors, id .. '/0', ARGV[at + 5])
    enter_groups({id}, {ARGV[at + 6]})
    redis.call('HINCRBY', meta, 'enqueued', 1)
    redis.call('HINCRBY', meta, 'dead', 1)
    spoiled[#spoiled + 1] = id
  end
end
tell('dead', spoiled)
return exceptions({'ok', now}, good, words)
