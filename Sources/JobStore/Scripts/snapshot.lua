#!lua flags=no-writes,allow-oom
-- snapshot.lua: one queue in numbers. Reads only; the cost grows with the workers, not with the jobs.
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
-- KEYS[10] jobs       HASH  read: the envelopes of the first jobs in line
-- KEYS[11] runs       HASH  read: their run records
-- KEYS[12] leases     ZSET  read
-- KEYS[13] about      HASH  read
-- KEYS[14] idem       HASH  read
-- KEYS[15] inbox      STREAM read
-- KEYS[16] meta       HASH  read
-- KEYS[17] rates      ZSET  read
-- ARGV[1]  now_ms     '' = Redis' clock
-- ARGV[2]  format
-- ARGV[3]  dead_ms    how long dead jobs are kept
-- ARGV[4…] windows, ms, the longest first: for each the first sample in it or shortly before; -1 alone = all samples
--
-- Answers {'ok', now_ms, nine counts in the order of KEYS 1-9, remembered ids, inbox length, for the jobs that may be the
-- oldest in line envelope and run record in turns, next due ms | -1, meta as field/value list, leases as
-- incarnation/deadline list, about as list, for each lease how many jobs it holds, jobs that are due and not moved yet,
-- since when the oldest of those is due, ms | -1, how many of the dead died within an hour, the samples}.
-- uses:

local m = redis.call('HMGET', meta, 'format', 'lease_ms')
if is_foreign(m[1]) then return {'format', m[1]} end
local answer = {'ok', now}
for k = 1, 9 do answer[#answer + 1] = redis.call('ZCARD', KEYS[k]) end

-- In each priority whoever was given back stands in front, the others in the order in which they came: the one that waits
-- longest is the first of either kind. Beyond the first one a large envelope is left out: it costs more than it tells.
local first = {}
local from = '-inf'
repeat
  local found = redis.call('ZRANGE', queued, from, '+inf', 'BYSCORE', 'LIMIT', 0, 1, 'WITHSCORES')
  if found[1] then
    local envelope = redis.call('HGET', jobs, found[1]) or ''
    if #first == 0 or #envelope <= 32768 then
      first[#first + 1] = envelope
      first[#first + 1] = redis.call('HGET', runs, found[1]) or ''
    end
    from = text((math.floor(found[2] / 281474976710656) + 1) * 281474976710656)
  end
until not found[1]

-- With no worker nobody moves what is due: whoever decides how many workers there should be has to count it.
local function first_due(index)
  local score = redis.call('ZRANGE', index, 0, 0, 'WITHSCORES')[2]
  return score and math.floor(score / 10) or math.huge
end
local next_due = math.min(first_due(scheduled), first_due(retrying))
local oldest_due = math.min(next_due, first_due(suspect))
local overdue = 0
for _, index in ipairs({scheduled, retrying, suspect}) do
  overdue = overdue + redis.call('ZCOUNT', index, '-inf', text(now * 10 + 9))
end

local samples = {}
if ARGV[4] == '-1' then
  samples = redis.call('ZRANGE', rates, 0, -1)
else
  -- So far apart they may be while a worker beats, three times in a lease.
  local slack = math.max(15000, math.floor((tonumber(m[2]) or 0) / 2))
  for k = 4, #ARGV do
    local since = text(now - ARGV[k] - slack)
    samples[#samples + 1] = redis.call('ZRANGE', rates, since, '+inf', 'BYSCORE', 'LIMIT', 0, 1)[1]
  end
end

answer[12] = redis.call('HLEN', idem)
answer[13] = redis.call('XLEN', inbox)
answer[14] = first
answer[15] = next_due < math.huge and next_due or -1
answer[16] = redis.call('HGETALL', meta)
answer[17] = redis.call('ZRANGE', leases, 0, -1, 'WITHSCORES')
answer[18] = redis.call('HGETALL', about)
-- What a worker says of itself is as old as its last beat; what it holds is in its range of tokens.
local held = {}
for i = 1, #answer[17], 2 do
  held[#held + 1] = redis.call('ZCOUNT', running, tokens(tonumber(answer[17][i])))
end
answer[19] = held
answer[20] = overdue
answer[21] = oldest_due <= now and oldest_due or -1
-- They are sorted by when they are forgotten, which is so long after they died.
answer[22] = redis.call('ZCOUNT', dead, text(now + ARGV[3] - 3600000), text(now + ARGV[3]))
answer[23] = samples
return answer
