#!lua flags=allow-oom
-- cancel.lua: jobs that wait are cancelled; of those that run, cancellation is asked.
--
-- KEYS[1]  queued     ZSET  id, priority x 2^49 + 2^48 + sequence
-- KEYS[2]  scheduled  ZSET  id, due ms x 10 + priority
-- KEYS[3]  blocked    ZSET  id, created ms x 10 + priority
-- KEYS[4]  retrying   ZSET  id, due ms x 10 + priority
-- KEYS[5]  suspect    ZSET  id, due ms x 10 + priority
-- KEYS[6]  running    ZSET  read: id, token
-- KEYS[7]  succeeded  ZSET  read
-- KEYS[8]  dead       ZSET  read
-- KEYS[9]  cancelled  ZSET  id, time to forget, ms
-- KEYS[10] asked      ZSET  id, token of the run that is asked to stop
-- KEYS[11] meta       HASH  cancelled, the total
-- KEYS[12] events     STREAM what happens, while somebody watches
-- ARGV[1]  now_ms     '' = Redis' clock
-- ARGV[2]  format
-- ARGV[3]  ttl_ms     how long cancelled jobs are kept; -1 = for ever
-- ARGV[4…] ids, at most 1,000
--
-- Answers {'ok', now_ms, a word for each id: 'cancelled' | 'asked' | 'succeeded' | 'dead' | 'gone'}.
-- uses: tell

local m = redis.call('HMGET', meta, 'format', 'watched')
if is_foreign(m[1]) then return {'format', m[1]} end
heed(m[2])

local ttl = tonumber(ARGV[3])
local forget = ttl < 0 and '+inf' or text(now + ttl)

local stopped, told = {}, {}
local function cancel(id)
  local token = redis.call('ZSCORE', running, id)
  if token then
    redis.call('ZADD', asked, token, id)
    told[#told + 1] = id
    return 'asked'
  end
  for _, index in ipairs({queued, scheduled, blocked, retrying, suspect}) do
    if redis.call('ZSCORE', index, id) then
      redis.call('ZADD', cancelled, forget, id)
      redis.call('HINCRBY', meta, 'cancelled', 1)
      redis.call('ZREM', index, id)
      stopped[#stopped + 1] = id
      return 'cancelled'
    end
  end
  if redis.call('ZSCORE', cancelled, id) then return 'cancelled' end
  if redis.call('ZSCORE', succeeded, id) then return 'succeeded' end
  if redis.call('ZSCORE', dead, id) then return 'dead' end
  return 'gone'
end

local answer = {'ok', now}
for at = 4, #ARGV do
  answer[#answer + 1] = cancel(ARGV[at])
end
tell('cancelled', stopped)
tell('asked', told)
return answer
