#!lua flags=allow-oom
-- recover.lua: a lease that ran out is condemned, and its jobs are told to whoever will settle them.
--
-- KEYS[1] leases   ZSET  incarnation, lease deadline ms; negative = condemned, until when its recoverer has it
-- KEYS[2] running  ZSET  read: id, token
-- KEYS[3] jobs     HASH  read: id -> envelope
-- KEYS[4] runs     HASH  read: id -> run record
-- KEYS[5] meta     HASH  tick, calm, guard, grace; format, lease_ms, watched are read
-- KEYS[6] claims   HASH  goes with the lease
-- KEYS[7] about    HASH  goes with the lease
-- KEYS[8] events   STREAM what happens, while somebody watches
-- ARGV[1] now_ms       '' = Redis' clock
-- ARGV[2] format
-- ARGV[3] incarnation  '' = any that is due; a number = this one, known to be over: no expiry, grace or recoverer counts
-- ARGV[4] limit        jobs at most, 1 … 1,000
-- ARGV[5] max_bytes    of envelopes; one job is always returned
-- ARGV[6] hold_ms      how long the recoverer has the lease for itself
--
-- Answers {'ok', now_ms, incarnation, about, left in the range beyond these, ids, tokens, envelopes, records},
-- {'none', now_ms}: nothing is due, or {'grace', until ms}. A condemned lease never comes back to life; with its last
-- job it is removed, here or by settle. The same call again answers the same jobs.
-- uses: clock tell

local m = redis.call('HMGET', meta, 'format', 'watched')
if is_foreign(m[1]) then return {'format', m[1]} end
heed(m[2])
local incarnation = ARGV[3]
check_clock(meta, leases)
if incarnation == '' then
  local grace = tonumber(redis.call('HGET', meta, 'grace')) or 0
  if now < grace then return {'grace', grace} end
  incarnation = redis.call('ZRANGE', leases, text(-now), text(now), 'BYSCORE', 'LIMIT', 0, 1)[1]
  if not incarnation then return {'none', now} end
elseif not redis.call('ZSCORE', leases, incarnation) then
  return {'none', now}
end

local low, high = tokens(tonumber(incarnation))
local found = redis.call('ZRANGE', running, low, high, 'BYSCORE', 'LIMIT', 0, tonumber(ARGV[4]), 'WITHSCORES')
local whose = redis.call('HGET', about, incarnation) or ''
if #found == 0 then
  redis.call('ZREM', leases, incarnation)
  redis.call('HDEL', claims, incarnation)
  redis.call('HDEL', about, incarnation)
  return {'ok', now, tonumber(incarnation), whose, 0, {}, {}, {}, {}}
end

local ids, token_list, envelopes, size = {}, {}, {}, 0
for k = 1, #found, 2 do
  local envelope = redis.call('HGET', jobs, found[k]) or ''
  if #ids > 0 and size + #envelope > tonumber(ARGV[5]) then break end
  size = size + #envelope
  ids[#ids + 1] = found[k]
  token_list[#token_list + 1] = found[k + 1]
  envelopes[#envelopes + 1] = envelope
end
local records = redis.call('HMGET', runs, unpack(ids))
for k = 1, #ids do records[k] = records[k] or '' end
local left = redis.call('ZCOUNT', running, low, high) - #ids
redis.call('ZADD', leases, text(-(now + tonumber(ARGV[6]))), incarnation)
tell('recovered', ids, 'incarnation', incarnation)
return {'ok', now, tonumber(incarnation), whose, left, ids, token_list, envelopes, records}
