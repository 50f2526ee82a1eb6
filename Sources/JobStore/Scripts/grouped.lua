#!lua flags=no-writes,allow-oom
-- grouped.lua: dead jobs of a range of groups, in the order of their groups and there of their deaths.
--
-- KEYS[1] groups     ZSET  read: group/ms of death/id, 0
-- KEYS[2] dead       ZSET  read: id, time to forget, ms
-- KEYS[3] jobs       HASH  read
-- KEYS[4] runs       HASH  read
-- KEYS[5] meta       HASH  read
-- ARGV[1] now_ms     '' = Redis' clock
-- ARGV[2] format
-- ARGV[3] low        the lower bound of ZRANGE BYLEX
-- ARGV[4] high       the upper one
-- ARGV[5] backward   1 = from the upper one down; 0 = from the lower one up
-- ARGV[6] limit      jobs at most, 1 … 1,000
-- ARGV[7] max_bytes  of envelopes; one job is always answered
--
-- Answers {'ok', now_ms, jobs between the bounds, members, scores, envelopes, records}; what is missing is null. The cost grows with the
-- page, and with the logarithm of the groups.
-- uses:

local format = redis.call('HGET', meta, 'format')
if is_foreign(format) then return {'format', format} end
local low, high, limit, room = ARGV[3], ARGV[4], tonumber(ARGV[6]), tonumber(ARGV[7])
local total = redis.call('ZLEXCOUNT', groups, low, high)
local found
if ARGV[5] == '1' then
  found = redis.call('ZRANGE', groups, high, low, 'BYLEX', 'REV', 'LIMIT', 0, limit)
else
  found = redis.call('ZRANGE', groups, low, high, 'BYLEX', 'LIMIT', 0, limit)
end
if #found == 0 then return {'ok', now, total, {}, {}, {}, {}} end
local members, ids, envelopes, size = {}, {}, {}, 0
for _, member in ipairs(found) do
  local id = string.match(member, '[^/]*$')
  local envelope = redis.call('HGET', jobs, id)
  size = size + (envelope and #envelope or 0)
  if #ids > 0 and size > room then break end
  members[#members + 1] = member
  ids[#ids + 1] = id
  envelopes[#envelopes + 1] = envelope
end
return {
  'ok', now, total, members, redis.call('ZMSCORE', dead, unpack(ids)), envelopes,
  redis.call('HMGET', runs, unpack(ids)),
}
