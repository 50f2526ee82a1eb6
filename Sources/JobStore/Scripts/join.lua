#!lua flags=allow-oom
-- join.lua: a worker becomes a member of the queue under an incarnation that nobody has.
--
-- KEYS[1] leases   ZSET  incarnation, lease deadline ms; negative = condemned
-- KEYS[2] meta     HASH  format, born, lease_ms, tick are set when absent
-- KEYS[3] claims   HASH  read
-- KEYS[4] running  ZSET  read: does anybody still hold this number's range?
-- KEYS[5] orders   HASH  what a former member of this number was told is forgotten
-- ARGV[1] now_ms       '' = Redis' clock
-- ARGV[2] format
-- ARGV[3] incarnation  1 … 2^25 - 1
-- ARGV[4] lease_ms     the queue's lease length, if it has none yet; 100 … 3,600,000
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
-- Within its bounds whatever is stored: a lease of a year would let nobody recover anything.
local born, lease = m[2] or text(now_us), tonumber(m[3]) or tonumber(ARGV[4])
lease = text(math.max(100, math.min(lease, 3600000)))
redis.call('HSET', meta, 'format', ARGV[2], 'born', born, 'lease_ms', lease)
-- From now on time counts: an outage that begins before the first beat is seen as one.
redis.call('HSETNX', meta, 'tick', text(now))
redis.call('HDEL', orders, incarnation)
redis.call('ZADD', leases, text(now + tonumber(lease)), incarnation)
return {'ok', now, born, tonumber(lease)}
