-- sample.lua: put in front of the scripts that run while anything happens (beat, enqueue, intake), which name the keys it
-- uses. What a queue takes in and gets done in a second is the difference of two samples: the totals are kept anyway, and
-- now and then somebody writes down what they were.
--
-- meta.sampled  when that was done last, ms

-- A beat comes every ten seconds: each shall find it due. The samples reach over a quarter of an hour and a little more.
local SAMPLE_MS, SAMPLES = 9000, 110

-- `last` is meta.sampled. To be called before a total changes: then nothing has happened in a time without a sample.
local function sample(last)
  local passed = now - (tonumber(last) or 0)
  if last and math.abs(passed) < SAMPLE_MS then return end
  -- The clock went back: what comes after cannot be compared with what was before.
  if passed < 0 then redis.call('ZREMRANGEBYRANK', rates, 0, -1) end
  local totals = redis.call('HMGET', meta, 'enqueued', 'requeued', 'succeeded', 'retried', 'dead', 'cancelled')
  for k = 1, 6 do totals[k] = totals[k] or '0' end
  redis.call('ZADD', rates, text(now), text(now) .. ' ' .. table.concat(totals, ' '))
  redis.call('ZREMRANGEBYRANK', rates, 0, -SAMPLES - 1)
  redis.call('HSET', meta, 'sampled', text(now))
end
