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
-- KEYS[10] jobs       HASH  read: the envelope of the first job in line
-- KEYS[11] leases     ZSET  read
-- KEYS[12] about      HASH  read
-- KEYS[13] idem       HASH  read
-- KEYS[14] inbox      STREAM read
-- KEYS[15] meta       HASH  read
-- ARGV[1]  now_ms     '' = Redis' clock
-- ARGV[2]  format
--
-- Answers {'ok', now_ms, nine counts in the order of KEYS 1-9, remembered ids, inbox length, the first envelope in line
-- or '', next due ms | -1, meta as field/value list, leases as incarnation/deadline list, about as list, for each lease
-- how many jobs it holds, jobs that are due and not moved yet}.
-- uses:

local format = redis.call('HGET', meta, 'format')
if is_foreign(format) then return {'format', format} end
local answer = {'ok', now}
for k = 1, 9 do answer[#answer + 1] = redis.call('ZCARD', KEYS[k]) end
local first = redis.call('ZRANGE', queued, 0, 0)[1]
local a = redis.call('ZRANGE', scheduled, 0, 0, 'WITHSCORES')[2]
local b = redis.call('ZRANGE', retrying, 0, 0, 'WITHSCORES')[2]
local due = math.min(tonumber(a or math.huge), tonumber(b or math.huge))
answer[12] = redis.call('HLEN', idem)
answer[13] = redis.call('XLEN', inbox)
answer[14] = first and redis.call('HGET', jobs, first) or ''
answer[15] = due < math.huge and math.floor(due / 10) or -1
answer[16] = redis.call('HGETALL', meta)
answer[17] = redis.call('ZRANGE', leases, 0, -1, 'WITHSCORES')
answer[18] = redis.call('HGETALL', about)
-- What a worker says of itself is as old as its last beat; what it holds is in its range of tokens.
local held = {}
for i = 1, #answer[17], 2 do
  held[#held + 1] = redis.call('ZCOUNT', running, tokens(tonumber(answer[17][i])))
end
answer[19] = held
-- With no worker nobody moves them: whoever decides how many workers there should be has to count them.
local overdue = 0
for _, index in ipairs({scheduled, retrying, suspect}) do
  overdue = overdue + redis.call('ZCOUNT', index, '-inf', text(now * 10 + 9))
end
answer[20] = overdue
return answer
