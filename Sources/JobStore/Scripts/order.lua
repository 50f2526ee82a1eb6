#!lua flags=allow-oom
-- order.lua: somebody tells workers what to do. Each hears it with its next beat.
--
-- KEYS[1] leases   ZSET  read: incarnation, lease deadline ms; negative = condemned
-- KEYS[2] orders   HASH  incarnation -> quiet | work | stop
-- KEYS[3] meta     HASH  read: format
-- ARGV[1] now_ms   '' = Redis' clock
-- ARGV[2] format
-- ARGV[3] order    quiet = claim nothing more; work = claim again; stop = end in order
-- ARGV[4…] incarnations, at most 1,000
--
-- Answers {'ok', now_ms, then for each 'ok' or 'gone': nobody has this lease any more}. The same call again changes nothing.
-- What was ordered of members that are gone is forgotten here, or by whoever joins under their number.
-- uses:

local format = redis.call('HGET', meta, 'format')
if is_foreign(format) then return {'format', format} end
local function is_live(incarnation)
  return tonumber(redis.call('ZSCORE', leases, incarnation) or -1) > 0
end

local told = redis.call('HGETALL', orders)
for k = 1, #told, 2 do
  if not is_live(told[k]) then redis.call('HDEL', orders, told[k]) end
end
local answer = {'ok', now}
for k = 4, #ARGV do
  local live = is_live(ARGV[k])
  if live then redis.call('HSET', orders, ARGV[k], ARGV[3]) end
  answer[k - 1] = live and 'ok' or 'gone'
end
return answer
