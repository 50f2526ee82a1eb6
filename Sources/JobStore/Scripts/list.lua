#!lua flags=no-writes,allow-oom
-- list.lua: a page of the jobs of one state, from a place in its order.
--
-- KEYS[1]  queued     ZSET  read
-- KEYS[2]  scheduled  ZSET  read
-- KEYS[3]  retrying   ZSET  read
-- KEYS[4]  blocked    ZSET  read
-- KEYS[5]  suspect    ZSET  read
-- KEYS[6]  running    ZSET  read
-- KEYS[7]  succeeded  ZSET  read
-- KEYS[8]  dead       ZSET  read
-- KEYS[9]  cancelled  ZSET  read
-- KEYS[10] jobs       HASH  read
-- KEYS[11] runs       HASH  read
-- KEYS[12] results    HASH  read
-- KEYS[13] asked      ZSET  read
-- KEYS[14] meta       HASH  read
-- ARGV[1]  now_ms     '' = Redis' clock
-- ARGV[2]  format
-- ARGV[3]  state      position of its index in KEYS 1-9
-- ARGV[4]  backward   1 = from the greatest score down; 0 = from the smallest up
-- ARGV[5]  score      of the last job that was seen; '' = from the beginning
-- ARGV[6]  id         of that job, which may be gone or elsewhere: the page begins behind where it was
-- ARGV[7]  limit      jobs at most, 1 … 500
-- ARGV[8]  max_bytes  of envelopes and results; one job is always answered
-- ARGV[9]  results    1 = with results
--
-- Answers {'ok', now_ms, jobs in the state, is this the end 0 | 1, ids, scores, envelopes, results, records, tokens that were
-- asked to stop}; what is missing is null. The cost grows with the page, and with the logarithm of the state.
-- uses:

local format = redis.call('HGET', meta, 'format')
if is_foreign(format) then return {'format', format} end
local index =
  ({queued, scheduled, retrying, blocked, suspect, running, succeeded, dead, cancelled})[tonumber(ARGV[3])]
local backward, score, last = ARGV[4] == '1', ARGV[5], ARGV[6]
local limit, room = tonumber(ARGV[7]), tonumber(ARGV[8])
local total = redis.call('ZCARD', index)

-- By bytes, as Redis orders ids of one score; Lua's own comparison is that of the machine's language.
local function is_before(a, b)
  for k = 1, math.min(#a, #b) do
    local x, y = string.byte(a, k), string.byte(b, k)
    if x ~= y then return x < y end
  end
  return #a < #b
end

-- How many jobs stand before the place where the page begins.
local function place()
  if score == '' then return backward and total or 0 end
  local low, high = redis.call('ZCOUNT', index, '-inf', '(' .. score), redis.call('ZCOUNT', index, '-inf', score)
  while low < high do
    local middle = math.floor((low + high) / 2)
    local id = redis.call('ZRANGE', index, middle, middle)[1]
    local is_passed = is_before(id, last) or id == last and not backward
    if is_passed then low = middle + 1 else high = middle end
  end
  return low
end

local first = place()
local found = {}
if backward and first > 0 then
  found = redis.call('ZRANGE', index, math.max(0, first - limit), first - 1, 'WITHSCORES')
elseif not backward then
  found = redis.call('ZRANGE', index, first, first + limit - 1, 'WITHSCORES')
end

local ids, scores, envelopes, outcomes, size = {}, {}, {}, {}, 0
local from, to, step = 1, #found, 2
if backward then from, to, step = #found - 1, 1, -2 end
for k = from, to, step do
  local id = found[k]
  local envelope = redis.call('HGET', jobs, id)
  local outcome = ARGV[9] == '1' and redis.call('HGET', results, id)
  size = size + (envelope and #envelope or 0) + (outcome and #outcome or 0)
  if #ids > 0 and size > room then break end
  ids[#ids + 1] = id
  scores[#scores + 1] = found[k + 1]
  envelopes[#envelopes + 1] = envelope
  outcomes[#outcomes + 1] = outcome
end
if #ids == 0 then return {'ok', now, total, 1, {}, {}, {}, {}, {}, {}} end
local is_end = backward and first == #ids or not backward and first + #ids >= total
return {
  'ok', now, total, is_end and 1 or 0, ids, scores, envelopes, outcomes, redis.call('HMGET', runs, unpack(ids)),
  redis.call('ZMSCORE', asked, unpack(ids)),
}
