#!lua flags=allow-oom
-- claim.lua: claim number n of an incarnation takes jobs from the front of the queue.
--
-- KEYS[1]  queued     ZSET  id, priority x 2^49 + 2^48 + sequence
-- KEYS[2]  running    ZSET  id, token = incarnation x 2^28 + claim number
-- KEYS[3]  jobs       HASH  id -> envelope; written for a job without envelope
-- KEYS[4]  runs       HASH  id -> run record; written for a job without envelope
-- KEYS[5]  leases     ZSET  read: incarnation, deadline
-- KEYS[6]  claims     HASH  incarnation -> last claim number
-- KEYS[7]  meta       HASH  epoch; format, born, paused, watched are read; dead, the total
-- KEYS[8]  wake       ZSET  one member: look here
-- KEYS[9]  scheduled  ZSET  read: the earliest due
-- KEYS[10] retrying   ZSET  read: the earliest due
-- KEYS[11] suspect    ZSET  id, due ms x 10 + priority
-- KEYS[12] inbox      STREAM read: its length
-- KEYS[13] dead       ZSET  id, time to forget, ms: jobs without envelope end here
-- KEYS[14] errors     HASH  id/slot -> error entry
-- KEYS[15] causes     HASH  id -> group/ms of death
-- KEYS[16] groups     ZSET  group/ms of death/id, 0
-- KEYS[17] events     STREAM what happens, while somebody watches
-- ARGV[1]  now_ms       '' = Redis' clock
-- ARGV[2]  format
-- ARGV[3]  incarnation
-- ARGV[4]  n            claim number, 1 … 2^28 - 1, grows by one with each claim
-- ARGV[5]  want         jobs at most, 1 … 1,000
-- ARGV[6]  alone        1 = take one suspect instead, which will run with nothing beside it
-- ARGV[7]  max_bytes    of envelopes; one job is always returned
-- ARGV[8]  dead_ttl_ms  for jobs without envelope
--
-- Answers {'ok', now_ms, epoch, due_ms | -1, inbox, can a suspect be claimed 0 | 1, born, left, ids, envelopes, records | {}}.
-- 'stale': the incarnation is over. 'skipped': n is behind the last number; claim again with the next. 'invalid': n.
-- Jobs already held under n are answered again, so a lost reply loses nothing and the same call changes nothing.
-- uses: tell causes

-- The group of jobs without envelope, as DeadGroup makes it.
local MISSING = '?/05212cd6fccf'

local m = redis.call('HMGET', meta, 'format', 'epoch', 'born', 'paused', 'watched')
if is_foreign(m[1]) then return {'format', m[1]} end
heed(m[5])
local incarnation, n, want = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
if not n or n < 1 or n > 268435455 or n % 1 ~= 0 then return {'invalid'} end
local lease = redis.call('ZSCORE', leases, incarnation)
if not lease or tonumber(lease) < 0 then return {'stale', m[3] or ''} end

local token = tonumber(incarnation) * 268435456 + n
local epoch = tonumber(m[2]) or 0
local is_paused = m[4] == '1'

local function earliest(index)
  return tonumber(redis.call('ZRANGE', index, 0, 0, 'WITHSCORES')[2] or math.huge)
end

local function answer(ids, envelopes, records)
  local due = math.min(earliest(scheduled), earliest(retrying))
  local is_suspect_due = not is_paused and earliest(suspect) <= now * 10 + 9 and 1 or 0
  return {
    'ok', now, text(epoch), due < math.huge and math.floor(due / 10) or -1, redis.call('XLEN', inbox), is_suspect_due,
    m[3] or '', redis.call('ZCARD', queued), ids, envelopes, records,
  }
end

-- Read envelopes in chunks until the limit of bytes; a job whose envelope is missing is counted but not returned.
local function read(candidates)
  local ids, envelopes, lost, size, taken = {}, {}, {}, 0, 0
  local limit = tonumber(ARGV[7])
  for first = 1, #candidates, 32 do
    local last = math.min(first + 31, #candidates)
    local found = redis.call('HMGET', jobs, unpack(candidates, first, last))
    for k = first, last do
      local envelope = found[k - first + 1]
      if #ids > 0 and size + (envelope and #envelope or 0) > limit then return ids, envelopes, lost, taken end
      taken = taken + 1
      if envelope and envelope ~= '' then
        size = size + #envelope
        ids[#ids + 1] = candidates[k]
        envelopes[#envelopes + 1] = envelope
      else
        lost[#lost + 1] = candidates[k]
      end
    end
    if size >= limit then break end
  end
  return ids, envelopes, lost, taken
end

local function records_of(ids)
  if #ids == 0 or redis.call('HLEN', runs) == 0 then return {} end
  return redis.call('HMGET', runs, unpack(ids))
end

local last = tonumber(redis.call('HGET', claims, incarnation)) or 0
if n <= last then
  local held = redis.call('ZRANGE', running, text(token), text(token), 'BYSCORE')
  if #held == 0 then return {'skipped'} end
  local envelopes = redis.call('HMGET', jobs, unpack(held))
  for k = 1, #held do envelopes[k] = envelopes[k] or '' end
  return answer(held, envelopes, records_of(held))
end

local alone = ARGV[6] == '1'
local source, candidates = alone and suspect or queued, {}
if alone and not is_paused then
  local low, high = tokens(tonumber(incarnation))
  if redis.call('ZCOUNT', running, low, high) == 0 then
    candidates = redis.call('ZRANGE', suspect, '-inf', text(now * 10 + 9), 'BYSCORE', 'LIMIT', 0, 1)
  end
elseif not is_paused then
  candidates = redis.call('ZRANGE', queued, 0, want - 1)
end
local ids, envelopes, lost, taken = read(candidates)

-- Writes.
redis.call('HSET', claims, incarnation, n)
for _, id in ipairs(lost) do
  redis.call('HSET', jobs, id, '{}')
  redis.call('ZADD', dead, text(now + tonumber(ARGV[8])), id)
  redis.call('HSET', runs, id, '{"attempts":0,"errors":1,"last":"malformed","by":"","at":' .. text(now) .. '}')
  redis.call('HSET', errors, id .. '/0', '{"n":1,"at":' .. text(now)
    .. ',"attempt":1,"reason":"malformed","message":"the envelope is missing","worker":"","ms":0}')
  redis.call('HINCRBY', meta, 'dead', 1)
  enter_groups({id}, {MISSING})
end
if #ids > 0 then
  local scores, score = {}, text(token)
  for k, id in ipairs(ids) do
    scores[2 * k - 1] = score
    scores[2 * k] = id
  end
  redis.call('ZADD', running, unpack(scores))
  epoch = math.max(epoch + 1, now_us)
  redis.call('HSET', meta, 'epoch', text(epoch))
  if not alone and redis.call('ZCARD', queued) > taken then redis.call('ZADD', wake, 0, 'w') end
end
tell('claimed', ids, 'incarnation', incarnation)
tell('dead', lost)
-- By rank, so nothing may come after it: done twice it would remove others.
if taken > 0 then
  redis.call('ZREMRANGEBYRANK', source, 0, taken - 1)
end
return answer(ids, envelopes, records_of(ids))
