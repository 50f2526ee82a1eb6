#!lua flags=no-writes,allow-oom
-- groups.lua: the groups of dead jobs, in the order of their names, however many jobs each has.
--
-- KEYS[1] groups  ZSET  read: group/ms of death/id, 0
-- KEYS[2] dead    ZSET  read: how many there are
-- KEYS[3] meta    HASH  read
-- ARGV[1] now_ms  '' = Redis' clock
-- ARGV[2] format
-- ARGV[3] from    the bound of ZRANGE BYLEX to begin at
-- ARGV[4] to      the bound to end at
-- ARGV[5] limit   groups at most, 1 … 500
--
-- Answers {'ok', now_ms, dead jobs, those that are in a group, is this the end 0 | 1, then for each group: its name, jobs, the
-- member of the first to die, that of the last}. The cost grows with the groups, and with the logarithm of the jobs.
-- uses:

local format = redis.call('HGET', meta, 'format')
if is_foreign(format) then return {'format', format} end
local from, to, limit = ARGV[3], ARGV[4], tonumber(ARGV[5])
local answer = {'ok', now, redis.call('ZCARD', dead), redis.call('ZCARD', groups), 1}
for _ = 1, limit do
  local first = redis.call('ZRANGE', groups, from, to, 'BYLEX', 'LIMIT', 0, 1)[1]
  if not first then return answer end
  local group = string.match(first, '^([^/]*/[^/]*)/')
  if group then
    -- '0' is what comes behind '/'.
    local low, high = '[' .. group .. '/', '(' .. group .. '0'
    answer[#answer + 1] = group
    answer[#answer + 1] = redis.call('ZLEXCOUNT', groups, low, high)
    answer[#answer + 1] = first
    answer[#answer + 1] = redis.call('ZRANGE', groups, high, low, 'BYLEX', 'REV', 'LIMIT', 0, 1)[1]
    from = '[' .. group .. '0'
  else
    -- Whatever somebody wrote there.
    from = '(' .. first
  end
end
answer[5] = redis.call('ZLEXCOUNT', groups, from, to) == 0 and 1 or 0
return answer
