#!lua flags=allow-oom
-- pause.lua: nothing of a queue is claimed any more, or it is claimed again. What runs goes on, and jobs come in.
--
-- KEYS[1] meta     HASH  paused, paused_by, paused_reason, paused_at; format, watched are read
-- KEYS[2] queued   ZSET  read: is there something to claim?
-- KEYS[3] suspect  ZSET  read
-- KEYS[4] wake     ZSET  one member: look here
-- KEYS[5] events   STREAM what happens, while somebody watches
-- ARGV[1] now_ms   '' = Redis' clock
-- ARGV[2] format
-- ARGV[3] pause    1 = nothing is claimed; 0 = the queue goes on
-- ARGV[4] by       whose wish it is
-- ARGV[5] reason
--
-- Answers {'ok', now_ms, was it paused 0 | 1} or {'gone'}: there is no such queue. The same call again changes nothing: a
-- queue is paused since it was first, for the reason that was given last.
-- uses: tell

local m = redis.call('HMGET', meta, 'format', 'paused', 'watched')
if is_foreign(m[1]) then return {'format', m[1]} end
heed(m[3])
if not m[1] then return {'gone'} end
local was_paused = m[2] == '1'
if ARGV[3] == '1' then
  redis.call('HSET', meta, 'paused', '1', 'paused_by', ARGV[4], 'paused_reason', ARGV[5])
  redis.call('HSETNX', meta, 'paused_at', text(now))
else
  redis.call('HDEL', meta, 'paused', 'paused_by', 'paused_reason', 'paused_at')
  if was_paused and redis.call('ZCARD', queued) + redis.call('ZCARD', suspect) > 0 then
    redis.call('ZADD', wake, 0, 'w')
  end
end
if was_paused ~= (ARGV[3] == '1') then tell(was_paused and 'resumed' or 'paused', {''}) end
return {'ok', now, was_paused and 1 or 0}
