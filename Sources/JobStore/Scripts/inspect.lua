#!lua flags=no-writes,allow-oom
-- inspect.lua: what is known of some jobs, each seen at one moment.
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
-- KEYS[13] errors     HASH  read
-- KEYS[14] asked      ZSET  read
-- KEYS[15] idem       HASH  read
-- KEYS[16] meta       HASH  read
-- ARGV[1]  now_ms     '' = Redis' clock
-- ARGV[2]  format
-- ARGV[3]  full       1 = with envelope and error history; 0 = only what a waiting caller needs
-- ARGV[4…] ids, at most 200
--
-- Answers {'ok', now_ms, for each id {position of its index in KEYS 1-9 | 0 unknown | -1 remembered, score, record,
-- result, asked 0 | 1, envelope, ten error entries}}; what is missing is ''.
-- uses:

local format = redis.call('HGET', meta, 'format')
if is_foreign(format) then return {'format', format} end
local full = ARGV[3] == '1'
local answer = {'ok', now}
for at = 4, #ARGV do
  local id = ARGV[at]
  local found, score = 0, ''
  for k = 1, 9 do
    local here = redis.call('ZSCORE', KEYS[k], id)
    if here then
      found, score = k, here
      break
    end
  end
  if found == 0 and redis.call('HEXISTS', idem, id) == 1 then found = -1 end
  local item = {
    found, score, redis.call('HGET', runs, id) or '', redis.call('HGET', results, id) or '',
    redis.call('ZSCORE', asked, id) and 1 or 0,
  }
  if full then
    item[6] = redis.call('HGET', jobs, id) or ''
    local slots = {}
    for slot = 0, 9 do slots[slot + 1] = id .. '/' .. slot end
    local entries = redis.call('HMGET', errors, unpack(slots))
    for k = 1, 10 do item[6 + k] = entries[k] or '' end
  end
  answer[#answer + 1] = item
end
return answer
