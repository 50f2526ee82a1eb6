-- common.lua: put in front of every script.
--
-- ARGV[1] is the time: '' in production, when Redis' own clock is read, once; tests pass milliseconds.
-- ARGV[2] is the format that the caller speaks; a queue of another format is not touched.
--
-- Every script writes a job's new place before it removes the old one. When a crash cuts the append-only file within the
-- effects of a script, Redis 7.0 drops them, but leaves the first of them in the file, and executes those alone when it
-- restarts once more. Then a job may be in two places for a while, which the next to touch it repairs, but never in none.

local now, now_us = tonumber(ARGV[1])
if now then
  now_us = now * 1000
else
  local time = redis.call('TIME')
  now_us = time[1] * 1000000 + time[2]
  now = math.floor(now_us / 1000)
end

-- Scores and counters are below 2^53 and whole; Lua's own conversion keeps 14 digits only. As a whole number it is exact,
-- and several times faster than the conversion that Redis makes of a number among the arguments.
local function text(number)
  return string.format('%d', number)
end

local function is_foreign(format)
  return format and format ~= ARGV[2]
end

-- A due time as callers give it: 0 is now, negative a delay on this clock, positive a moment. A delay ends at the latest
-- moment whose tenfold is still an exact score.
local function moment(due)
  if due < 0 then return math.min(now - due, 900000000000000) end
  return due
end

-- The range of tokens of one incarnation; inclusive on both sides.
local function tokens(incarnation)
  return text(incarnation * 268435456), text(incarnation * 268435456 + 268435455)
end
