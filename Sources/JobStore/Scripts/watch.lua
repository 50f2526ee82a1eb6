#!lua flags=allow-oom
-- watch.lua: somebody watches what happens to jobs: for a while the scripts that move them tell of it in events.
--
-- KEYS[1] meta     HASH   watched; format is read
-- KEYS[2] events   STREAM what happens, while somebody watches
-- ARGV[1] now_ms   '' = Redis' clock
-- ARGV[2] format
-- ARGV[3] span_ms  how long, 1 … 60,000
--
-- Answers {'ok', now_ms, an entry of events: what happens from now on comes behind it, did somebody watch until now 0 | 1}
-- or {'gone'}: there is no such queue.
-- The same call again makes another such entry. Whoever goes on watching calls it in time; when nobody does, events goes.
-- uses:

local m = redis.call('HMGET', meta, 'format', 'watched')
if is_foreign(m[1]) then return {'format', m[1]} end
if not m[1] then return {'gone'} end
local span = tonumber(ARGV[3])
-- Somebody else may watch for longer.
local left = (tonumber(m[2]) or 0) - now
if left > span and left <= 60000 then span = left end
redis.call('HSET', meta, 'watched', text(now + span))
local mark = redis.call('XADD', events, '*', 'event', 'watched', 'at', text(now), 'ids', '', 'more', '')
redis.call('PEXPIRE', events, text(span))
return {'ok', now, mark, left > 0 and left <= 60000 and 1 or 0}
