-- causes.lua: put in front of the scripts that move jobs into dead or out of it, which name the keys it uses.
--
-- A group is what dead jobs have in common: name and fingerprint of the error, 'email.send/0123456789ab'. The cause of a job is
-- its group and when it died, ms in 15 digits. Its member of groups is cause and id, so that a group is a range there, in
-- the order of death.

-- Takes jobs off their groups. The cause goes last: it is what leads to the member.
local function leave_groups(ids)
  local known = redis.call('HMGET', causes, unpack(ids))
  local members, left = {}, {}
  for k, id in ipairs(ids) do
    if known[k] then
      members[#members + 1] = known[k] .. '/' .. id
      left[#left + 1] = id
    end
  end
  if #left == 0 then return end
  redis.call('ZREM', groups, unpack(members))
  redis.call('HDEL', causes, unpack(left))
end

-- Puts dead jobs into their groups, as of a moment each. They may be in others still: a torn log may have left them there.
local function enter_groups(ids, names, moments)
  leave_groups(ids)
  local set, members = {}, {}
  for k, id in ipairs(ids) do
    local cause = names[k] .. '/' .. string.format('%015d', moments and moments[k] or now)
    set[2 * k - 1], set[2 * k] = id, cause
    members[2 * k - 1], members[2 * k] = 0, cause .. '/' .. id
  end
  redis.call('HSET', causes, unpack(set))
  redis.call('ZADD', groups, unpack(members))
end
