#!lua
-- enqueue.lua: jobs come in; each is queued, or scheduled when its time has not come.
--
-- KEYS[1]  jobs        HASH  id -> envelope
-- KEYS[2]  idem        HASH  id -> digest of name and payload
-- KEYS[3]  idem-until  ZSET  id, remembered until, ms
-- KEYS[4]  queued      ZSET  id, priority x 2^49 + 2^48 + sequence
-- KEYS[5]  scheduled   ZSET  id, due ms x 10 + priority
-- KEYS[6]  retrying    ZSET  read: state of a known id
-- KEYS[7]  blocked     ZSET  read
-- KEYS[8]  suspect     ZSET  read
-- KEYS[9]  running     ZSET  read
-- KEYS[10] succeeded   ZSET  read
-- KEYS[11] dead        ZSET  read
-- KEYS[12] cancelled   ZSET  read
-- KEYS[13] meta        HASH  format, born, sequence, enqueued; limits are read
-- KEYS[14] wake        ZSET  one member: look here
-- ARGV[1]  now_ms      '' = Redis' clock
-- ARGV[2]  format
-- ARGV[3]  count       jobs, at most 1,000
-- ARGV[4]  atomic      1 = all or none: one that is refused keeps the others out; 0 = each by itself
-- ARGV[5…] six for each job: id, envelope, priority, due, remember, digest (see admit.lua)
--
-- Answers {'ok', now_ms, then for each job that was not taken in: its position, and 'dup <state>' | 'conflict <state>' |
-- 'full' | 'invalid' | 'held' (nothing wrong with it, but others were refused)}, or {'format', stored}. The same call
-- again answers dup for each that was taken in and changes nothing.
-- uses: admit

local format = redis.call('HGET', meta, 'format')
if is_foreign(format) then return {'format', format} end
local count = tonumber(ARGV[3])
return exceptions({'ok', now}, count, admit(5, 6, count, nil, ARGV[4] == '1'))
