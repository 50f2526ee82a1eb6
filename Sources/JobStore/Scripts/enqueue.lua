#!lua
-- enqueue.lua: jobs come in; each is queued, or scheduled when its time has not come.
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
-- KEYS[11] dead        ZSET  read
-- KEYS[12] cancelled   ZSET  read
-- KEYS[13] meta        HASH  format, born, sequence, enqueued, sampled; limits and watched are read
-- KEYS[14] wake        ZSET  one member: look here
-- KEYS[15] rates       ZSET  ms and the totals as they were then, ms
-- KEYS[16] events      STREAM what happens, while somebody watches
-- ARGV[1]  now_ms      '' = Redis' clock
-- ARGV[2]  format
-- ARGV[3]  count       jobs, at most 1,000
-- ARGV[4]  atomic      1 = all or none: one that is refused keeps the others out; 0 = each by itself
-- ARGV[5]  plain       '' = six arguments for each job; a priority = two, for jobs of this priority that are due now and
--                      not remembered, as nearly all are: half the time of six
-- ARGV[6…] six for each job: id, envelope, priority, due, remember, digest (see admit.lua); or two: id, envelope
--
-- Answers {'ok', now_ms, then for each job that was not taken in: its position, and 'dup <state>' | 'conflict <state>' |
-- 'full' | 'invalid' | 'held' (nothing wrong with it, but others were refused)}, or {'format', stored}. The same call
-- again answers dup for each that was taken in and changes nothing.
-- uses: sample tell admit

local m = redis.call('HMGET', meta, 'format', 'limit_waiting', 'sampled', 'watched')
if is_foreign(m[1]) then return {'format', m[1]} end
heed(m[4])
local count, plain = tonumber(ARGV[3]), ARGV[5]
if plain == '' then return exceptions({'ok', now}, count, admit(ARGV, 6, 6, count, nil, ARGV[4] == '1')) end

-- Plain jobs that nothing can be said against: no limit, all new, each once, all well named.
local function is_clear(ids)
  local known = redis.call('HMGET', jobs, unpack(ids))
  local seen = {}
  for k = 1, count do
    local id = ids[k]
    if known[k] or seen[id] or not is_id(id) or ARGV[2 * k + 5] == '' then return false end
    seen[id] = true
  end
  return true
end

local ids = {}
for k = 1, count do ids[k] = ARGV[2 * k + 4] end
if count > 0 and BASE[plain] and not m[2] and redis.call('EXISTS', idem) == 0 and is_clear(ids) then
  begin(m[1], m[3])
  local first = BASE[plain] + redis.call('HINCRBY', meta, 'sequence', count) - count
  local scores = {}
  for k = 1, count do
    scores[2 * k - 1] = text(first + k)
    scores[2 * k] = ids[k]
  end
  redis.call('ZADD', queued, unpack(scores))
  redis.call('HSET', jobs, unpack(ARGV, 6, 2 * count + 5))
  redis.call('HINCRBY', meta, 'enqueued', count)
  redis.call('ZADD', wake, 0, 'w')
  tell('enqueued', ids)
  return {'ok', now}
end

-- Otherwise each is looked at by itself.
local spelled = {}
for k = 1, count do
  local at = 6 * k - 5
  spelled[at], spelled[at + 1], spelled[at + 2] = ids[k], ARGV[2 * k + 5], plain
  spelled[at + 3], spelled[at + 4], spelled[at + 5] = '0', '0', ''
end
return exceptions({'ok', now}, count, admit(spelled, 1, 6, count, nil, ARGV[4] == '1'))
