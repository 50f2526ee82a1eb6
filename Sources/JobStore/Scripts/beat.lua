#!lua flags=allow-oom
-- beat.lua: a worker extends its leases, says what it is doing, and hears what is due.
--
-- KEYS[1]  leases      ZSET  incarnation, lease deadline ms; negative = condemned
-- KEYS[2]  about       HASH  incarnation -> JSON of the worker and its oldest runs
-- KEYS[3]  meta        HASH  tick, calm, guard, grace, sampled; format, born, lease_ms and the totals are read
-- KEYS[4]  asked       ZSET  read: id, token of the run that was asked to stop
-- KEYS[5]  running     ZSET  read: id, token
-- KEYS[6]  scheduled   ZSET  read: is promotion due?
-- KEYS[7]  retrying    ZSET  read
-- KEYS[8]  succeeded   ZSET  read: is pruning due?
-- KEYS[9]  dead        ZSET  read
-- KEYS[10] cancelled   ZSET  read
-- KEYS[11] idem-until  ZSET  read
-- KEYS[12] orders      HASH  read: incarnation -> quiet | work | stop
-- KEYS[13] rates       ZSET  ms and the totals as they were then, ms
-- ARGV[1]  now_ms      '' = Redis' clock
-- ARGV[2]  format
-- ARGV[3]  extend      1 = extend and write; 0 = only look, nothing is written
-- ARGV[4…] two for each incarnation: its number, its about JSON
--
-- Answers {'ok', now_ms, born, lease_ms, live workers, promote due 0 | 1, recover due, prune due, then for each
-- incarnation: {number, 'ok' | 'stale', held, asked ids, asked tokens, what it was told last: quiet | work | stop | ''}}.
-- uses: clock sample

local m = redis.call('HMGET', meta, 'format', 'born', 'lease_ms', 'sampled')
if is_foreign(m[1]) then return {'format', m[1]} end
local extend = ARGV[3] == '1'
local lease = tonumber(m[3]) or 30000
if extend then
  check_clock(meta, leases)
  if m[2] then sample(m[4]) end
end
local grace = tonumber(redis.call('HGET', meta, 'grace')) or 0

local function any_until(index, limit)
  local first = redis.call('ZRANGE', index, 0, 0, 'WITHSCORES')[2]
  return first ~= nil and tonumber(first) <= limit
end

local function flag(condition)
  return condition and 1 or 0
end

local promote_due = any_until(scheduled, now * 10 + 9) or any_until(retrying, now * 10 + 9)
local prune_due = any_until(succeeded, now) or any_until(dead, now) or any_until(cancelled, now)
  or any_until(idem_until, now)

local members = {}
for at = 4, #ARGV, 2 do
  local incarnation = ARGV[at]
  local score = tonumber(redis.call('ZSCORE', leases, incarnation) or -1)
  local low, high = tokens(tonumber(incarnation))
  local member = {tonumber(incarnation), 'stale', redis.call('ZCOUNT', running, low, high), {}, {}, ''}
  if score > 0 then
    member[2], member[6] = 'ok', redis.call('HGET', orders, incarnation) or ''
    local found = redis.call('ZRANGE', asked, low, high, 'BYSCORE', 'LIMIT', 0, 1000, 'WITHSCORES')
    for k = 1, #found, 2 do
      member[4][#member[4] + 1] = found[k]
      member[5][#member[5] + 1] = found[k + 1]
    end
    if extend then
      redis.call('ZADD', leases, 'XX', text(now + lease), incarnation)
      redis.call('HSET', about, incarnation, ARGV[at + 1])
    end
  end
  members[#members + 1] = member
end

local recover_due = now >= grace
  and #redis.call('ZRANGE', leases, text(-now), text(now), 'BYSCORE', 'LIMIT', 0, 1) > 0
local workers = redis.call('ZCOUNT', leases, text(now + 1), '+inf')
return {
  'ok', now, m[2] or '', lease, workers, flag(promote_due), flag(recover_due), flag(prune_due), unpack(members),
}
