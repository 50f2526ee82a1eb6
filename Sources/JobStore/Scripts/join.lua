#!lua flags=allow-oom
-- join.lua: a worker becomes a member of the queue under an incarnation that nobody has.
--
-- KEYS[1] leases   ZSET  incarnation, lease deadline ms; negative = condemned
-- KEYS[2] meta     HASH  format, born, lease_ms are set when absent
-- KEYS[3] claims   HASH  read
-- KEYS[4] running  ZSET  read: does anybody still hold this number's range?
-- ARGV[1] now_ms       '' = Redis' clock
-- ARGV[2] format
-- ARGV[3] incarnation  1 … 2^25 - 1
-- ARGV[4] lease_ms     the queue's lease length, if it has none yet
--
-- Answers {'ok', now_ms, born, lease_ms} or {'taken'}: draw another number. The same call again answers 'taken'.
-- uses:

local m = redis.call('HMGET', meta, 'format', 'born', 'lease_ms')
if is_foreign(m[1]) then return {'format', m[1]} end
local incarnation = ARGV[3]
local low, high = tokens(tonumber(incarnation))
if redis.call('ZSCORE', leases, incarnation) or redis.call('ZCOUNT', running, low, high) > 0
  or redis.call('HEXISTS', claims, incarnation) == 1 then
  return {'taken'}
end
local born, lease = m[2] or text(now_us), m[3] or ARGV[4]
redis.call('HSET', meta, 'format', ARGV[2], 'born', born, 'lease_ms', lease)
redis.call('ZADD', leases, text(now + tonumber(lease)), incarnation)
return {'ok', now, born, tonumber(lease)}
