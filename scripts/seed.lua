-- seed.lua: fills a queue as if it had been at work, for measurements and tests. Not part of the program.
--
-- KEYS[1]  jobs    HASH        KEYS[2]  queued  ZSET       KEYS[3]  dead    ZSET       KEYS[4]  runs    HASH
-- KEYS[5]  errors  HASH        KEYS[6]  leases  ZSET       KEYS[7]  about   HASH       KEYS[8]  meta    HASH
-- KEYS[9]  causes  HASH        KEYS[10] groups  ZSET
-- ARGV[1]  what    queued | dead | workers
-- ARGV[2]  first   number of the first one
-- ARGV[3]  count   at most 100,000
-- ARGV[4]  now_ms
local jobs, queued, dead, runs, errors, leases, about, meta, causes, groups = unpack(KEYS)
local what, first, count, now = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])

local function envelope(number)
  return '{"name":"mail.send","created_ms":' .. string.format('%d', now - 60000)
    .. ',"payload":{"to":"user' .. number .. '@example.org","subject":"a subject of a usual length","text":"and a line"}}'
end

redis.call('HSET', meta, 'format', '1', 'lease_ms', '30000')
redis.call('HSETNX', meta, 'born', string.format('%d', now * 1000))
for number = first, first + count - 1 do
  local id = what .. string.format('%09d', number)
  if what == 'queued' then
    local sequence = redis.call('HINCRBY', meta, 'sequence', 1)
    redis.call('HSET', jobs, id, envelope(number))
    redis.call('ZADD', queued, string.format('%d', 5 * 562949953421312 + 281474976710656 + sequence), id)
  elseif what == 'dead' then
    redis.call('HSET', jobs, id, envelope(number))
    redis.call('ZADD', dead, string.format('%d', now + 31536000000 - number * 1000), id)
    redis.call('HSET', runs, id, '{"attempts":25,"errors":1,"last":"failed","by":"w","at":' .. string.format('%d', now) .. '}')
    redis.call('HSET', errors, id .. '/1', '{"n":1,"at":1,"attempt":25,"reason":"failed","type":"E","message":"no","worker":"w","ms":7}')
    local cause = string.format('mail.send/%012x/%015d', number % 20, now - number * 1000)
    redis.call('HSET', causes, id, cause)
    redis.call('ZADD', groups, 0, cause .. '/' .. id)
  else
    redis.call('ZADD', leases, string.format('%d', now + 3600000), number)
    redis.call('HSET', about, number, '{"worker":"web-' .. number .. ':7:abcdefgh","host":"web-' .. number
      .. '","pid":7,"version":"0.1.0","started":' .. string.format('%d', now - 3600000)
      .. ',"slots":10,"busy":1,"runs":[{"id":"a","name":"mail.send","attempt":1,"started":'
      .. string.format('%d', now) .. '}],"names":["mail.send"],"memory":50000000,"done":1000,"failed":10}')
  end
end
redis.call('HINCRBY', meta, 'enqueued', what == 'workers' and 0 or count)
if what == 'dead' then redis.call('HINCRBY', meta, 'dead', count) end
return count
