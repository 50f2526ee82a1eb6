-- clock.lua: put in front of the scripts that act on the passing of time (beat, recover, promote, prune).
--
-- meta.tick  when one of them last ran, ms          meta.grace  nothing is recovered before this, ms
-- meta.guard what was due before this gap or step waits for meta.calm, the regular ms since, to reach ten minutes

local DAY, CALM_ENOUGH = 86400000, 600000

-- Compares the clock with the last tick and writes the new one. Answers 'regular', 'gap' or 'step'.
-- After a gap (outage, frozen host, nobody at work, clock forward) leases may be old through nobody's fault: a grace
-- window opens. After a step back, deadlines that now lie too far ahead are pulled in.
local function check_clock(meta, leases)
  local m = redis.call('HMGET', meta, 'tick', 'lease_ms', 'calm')
  local tick, lease, calm = tonumber(m[1]), tonumber(m[2]) or 30000, tonumber(m[3]) or 0
  if not tick then
    redis.call('HSET', meta, 'tick', text(now))
    return 'regular'
  end
  local passed = now - tick
  if passed >= -1000 and passed <= lease / 2 then
    if passed > 0 then
      redis.call('HSET', meta, 'tick', text(now), 'calm', text(math.min(calm + passed, CALM_ENOUGH)))
    end
    return 'regular'
  end
  if math.abs(passed) >= DAY then calm = 0 end
  redis.call('HSET', meta, 'tick', text(now), 'guard', text(now), 'calm', text(calm))
  if passed > 0 then
    redis.call('HSET', meta, 'grace', text(now + lease))
    return 'gap'
  end
  redis.call('HSET', meta, 'grace', text(now + lease))
  local all = redis.call('ZRANGE', leases, 0, -1, 'WITHSCORES')
  for i = 1, #all, 2 do
    local score = tonumber(all[i + 1])
    if score > now + lease then redis.call('ZADD', leases, text(now + lease), all[i]) end
    if score < 0 then redis.call('ZADD', leases, text(-now), all[i]) end
  end
  return 'step'
end
